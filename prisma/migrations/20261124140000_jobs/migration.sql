-- Jobs: many inputs submitted to be answered later, each once.
--
-- The truth of a job is here: what each item came to lies in its slice, beside the slice's claim, and is written in one
-- transaction with the usage events of those items. So a slice that runs twice, on however many workers, changes nothing.

-- ---------------------------------------------------------------------------------------------------------------------
-- datasets. In chunks, in the one thing that all gateways and workers share: any replica can go on with an upload that
-- another one began, and any worker can read it. Each chunk is committed with the offset, which is what HEAD tells.
-- ---------------------------------------------------------------------------------------------------------------------
create table datasets (
  tenant_id    text not null references tenants (id),
  id           text not null,
  format       text not null check (format in ('JSONL', 'CSV', 'PARQUET', 'ZIP')),
  state        text not null default 'UPLOADING' check (state in ('UPLOADING', 'READY')),
  size_bytes   bigint not null default 0,               -- received so far
  length_bytes bigint,                                  -- announced
  created_by   text not null,
  created_at   timestamptz not null default now(),
  ready_at     timestamptz,
  expires_at   timestamptz not null,
  primary key (tenant_id, id)                           -- the id may be the client's own, so it is the tenant's own too
);
create index datasets_expiry on datasets (expires_at);

create table dataset_chunks (
  tenant_id  text not null,
  dataset_id text not null,
  start_byte bigint not null,
  bytes      bytea not null,
  primary key (tenant_id, dataset_id, start_byte),
  foreign key (tenant_id, dataset_id) references datasets (tenant_id, id) on delete cascade
);
-- Most of what comes is compressed already, and trying costs more than writing.
alter table dataset_chunks alter column bytes set storage external;

-- ---------------------------------------------------------------------------------------------------------------------
-- jobs
-- ---------------------------------------------------------------------------------------------------------------------
create table jobs (
  tenant_id        text not null references tenants (id),
  id               text not null,
  state            text not null default 'QUEUED' check (state in (
                     'QUEUED', 'RUNNING', 'PAUSED_BY_LIMIT', 'CANCELING',
                     'CANCELED', 'SUCCEEDED', 'PARTIALLY_FAILED', 'FAILED')),
  model_id         text not null,
  model_version_id text not null,                        -- pinned when it was submitted
  alias            text,
  top_k            integer not null,
  priority         integer not null default 0,           -- among the tenant's own jobs: higher first
  slice_items      integer not null check (slice_items > 0),
  dataset_id       text,                                 -- empty: its inputs came with it
  columns          jsonb not null default '{}',          -- which column is what, for formats that have columns
  api_key_id       text,
  user_id          text,
  round            integer not null default 1,           -- 1, and one more with each retry of failed items
  items_read       bigint not null default 0,
  items_total      bigint,                               -- empty until the dataset is read to its end
  items_succeeded  bigint not null default 0,
  items_failed     bigint not null default 0,
  amount_micros    bigint not null default 0,
  recent_items     double precision not null default 0,  -- decays over time: what the rate is worked out from
  recent_at        timestamptz,
  pause            jsonb,                                -- why it is paused
  paused_until     timestamptz,
  failure          jsonb,                                -- why nothing of it could be answered
  reader           text,                                 -- the instance that reads the dataset into slices
  reader_until     timestamptz,
  reader_epoch     integer not null default 0,
  created_at       timestamptz not null default now(),
  started_at       timestamptz,
  finished_at      timestamptz,
  expires_at       timestamptz,                          -- when its results go
  results_deleted_at timestamptz,
  primary key (tenant_id, id),
  check ((api_key_id is null) <> (user_id is null)),
  check ((finished_at is null) = (state in ('QUEUED', 'RUNNING', 'PAUSED_BY_LIMIT', 'CANCELING')))
);
create index jobs_open on jobs (tenant_id, id) where finished_at is null;
create index jobs_expiry on jobs (expires_at) where expires_at is not null and results_deleted_at is null;

-- Up to a batch of items each. Inputs and results are compressed: a row for each item of a job of a million would be
-- most of the database. A slice is claimed while its lease lies in the future; `epoch` goes up with every claim and every
-- commit, and whoever comes with an older one has lost it.
create table job_slices (
  tenant_id   text not null,
  job_id      text not null,
  slice       integer not null,
  first_item  bigint not null,
  items       integer not null,
  inputs      bytea,                                     -- gone when nothing in the slice can be needed again
  states      bytea not null,                            -- a byte for each item: 0 waiting, 1 succeeded, 2 failed
  results     bytea,                                     -- the lines of the items that have ended, in order
  succeeded   integer not null default 0,
  failed      integer not null default 0,
  jsonl_bytes integer not null default 0,
  csv_bytes   integer not null default 0,
  is_open     boolean not null default true,             -- some of its items are waiting
  holder      text,
  lease_until timestamptz,
  epoch       integer not null default 0,
  attempts    integer not null default 0,                -- claims that came to nothing
  primary key (tenant_id, job_id, slice),
  foreign key (tenant_id, job_id) references jobs (tenant_id, id) on delete cascade
);
create index job_slices_open on job_slices (tenant_id, job_id, slice) where is_open;
create index job_slices_leased on job_slices (holder) where lease_until is not null;
create index job_slices_failed on job_slices (tenant_id, job_id, slice) where failed > 0;
alter table job_slices alter column inputs set storage external;
alter table job_slices alter column results set storage external;

-- How much service each tenant, and within it each job, has had: what the next claim is decided by. A tenant's own row
-- has an empty job_id. The row of no tenant is the clock: who was idle starts from there and has saved nothing up.
create table job_turns (
  tenant_id text not null,
  job_id    text not null default '',
  served    double precision not null default 0,
  primary key (tenant_id, job_id)
) with (fillfactor = 50);
insert into job_turns (tenant_id, job_id) values ('', '');

-- The credential that a job's next items are charged to: its own, or the key that its key was rotated to. Null: none of
-- them is good any more, so the job may not go on.
create function job_credential(of_tenant text, of_key text, of_user text) returns text
  language plpgsql stable
as $$
declare
  candidate api_keys;
  key_id    text := of_key;
begin
  if of_key is null then
    return (select u.id from members m join users u on u.id = m.user_id
              where m.tenant_id = of_tenant and m.user_id = of_user and u.disabled_at is null);
  end if;
  for step in 1..100 loop
    select * into candidate from api_keys k where k.tenant_id = of_tenant and k.id = key_id;
    exit when not found or candidate.revoked_at is not null;
    if candidate.expires_at is null or candidate.expires_at > clock_timestamp() then
      return candidate.id;
    end if;
    key_id := candidate.rotated_to;
    exit when key_id is null;
  end loop;
  return null;
end
$$;

-- Claims the next slice for a worker: of the tenant that had least service, of its most urgent job, among equals of the
-- one that had least service. Fair queueing by start tags: who was idle begins at the clock.
--
-- What two workers at once see: the first thing done is to lock the clock, so claims come one after the other, and each
-- sees what the one before it took. It is held for about a millisecond, and by nothing that waits for anybody: a slice
-- or a job that a commit has locked is skipped.
--
-- `costs` names the versions that this worker can run, each with what an item takes: service is counted in that.
create function claim_job_slice(holder_id text, lease_ms integer, costs jsonb)
  returns table (
    tenant_id text, job_id text, slice integer, epoch integer, attempts integer, first_item bigint,
    inputs bytea, states bytea, results bytea, model_version_id text, top_k integer, round integer, is_probe boolean
  )
  language plpgsql
as $$
#variable_conflict use_column
declare
  now_at    timestamptz := clock_timestamp();
  clock     double precision;
  candidate record;
  claimed   job_slices;
  cost      double precision;
begin
  select t.served into clock from job_turns t where t.tenant_id = '' and t.job_id = '' for update;
  for candidate in
    select j.*, greatest(coalesce(of_tenant.served, 0), clock) as starts_at
      from jobs j
      left join job_turns of_tenant on of_tenant.tenant_id = j.tenant_id and of_tenant.job_id = ''
      left join job_turns of_job on of_job.tenant_id = j.tenant_id and of_job.job_id = j.id
      where j.finished_at is null
        and (j.state in ('QUEUED', 'RUNNING') or (j.state = 'PAUSED_BY_LIMIT' and j.paused_until <= now_at))
        and costs ? j.model_version_id
      order by starts_at, j.tenant_id, j.priority desc, coalesce(of_job.served, 0), j.id
  loop
    select s.* into claimed from job_slices s
      where s.tenant_id = candidate.tenant_id and s.job_id = candidate.id and s.is_open
        and (s.lease_until is null or s.lease_until <= now_at)
      order by s.slice
      limit 1
      for update skip locked;
    continue when not found;

    if candidate.state <> 'RUNNING' then
      perform 1 from jobs j where j.tenant_id = candidate.tenant_id and j.id = candidate.id for update skip locked;
      continue when not found;
      -- A paused job stays paused while one slice of it finds out whether there is something left by now.
      update jobs j
        set state = case j.state when 'QUEUED' then 'RUNNING' else j.state end,
            started_at = coalesce(j.started_at, now_at),
            paused_until = case j.state when 'PAUSED_BY_LIMIT' then now_at + make_interval(secs => lease_ms / 1000.0) end
        where j.tenant_id = candidate.tenant_id and j.id = candidate.id
          and (j.state in ('QUEUED', 'RUNNING') or (j.state = 'PAUSED_BY_LIMIT' and j.paused_until <= now_at));
      continue when not found;
    end if;

    update job_slices s
      set holder = holder_id, lease_until = now_at + make_interval(secs => lease_ms / 1000.0),
          epoch = s.epoch + 1,
          attempts = s.attempts + 1                      -- before the work: a crash costs an attempt
      where s.tenant_id = claimed.tenant_id and s.job_id = claimed.job_id and s.slice = claimed.slice
      returning s.epoch, s.attempts into claimed.epoch, claimed.attempts;

    cost := claimed.items * greatest(coalesce((costs ->> candidate.model_version_id)::double precision, 1), 0.001);
    update job_turns t set served = candidate.starts_at where t.tenant_id = '' and t.job_id = '';
    insert into job_turns as t (tenant_id, job_id, served) values (claimed.tenant_id, '', candidate.starts_at + cost)
      on conflict (tenant_id, job_id) do update set served = excluded.served;
    -- A new job stands beside the one that had least, not before them all until it has caught up.
    insert into job_turns as t (tenant_id, job_id, served)
      select claimed.tenant_id, claimed.job_id, cost + coalesce(min(other.served), 0)
        from job_turns other join jobs j on j.tenant_id = other.tenant_id and j.id = other.job_id
        where other.tenant_id = claimed.tenant_id and j.finished_at is null
      on conflict (tenant_id, job_id) do update set served = t.served + cost;

    tenant_id := claimed.tenant_id; job_id := claimed.job_id; slice := claimed.slice; epoch := claimed.epoch;
    attempts := claimed.attempts; first_item := claimed.first_item; inputs := claimed.inputs;
    states := claimed.states; results := claimed.results;
    model_version_id := candidate.model_version_id; top_k := candidate.top_k; round := candidate.round;
    is_probe := candidate.state = 'PAUSED_BY_LIMIT';
    return next;
    return;
  end loop;
end
$$;

-- Heard by workers, who stop or begin, and by whoever watches the job.
create trigger jobs_changed after insert or update of state, items_total, paused_until, round on jobs
  for each row execute function notify_changed('tollgate_jobs', 'id');

do $walls$
declare
  name text;
begin
  foreach name in array array['datasets', 'dataset_chunks', 'jobs', 'job_slices', 'job_turns'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
  end loop;
  -- Turns are between tenants: none of them has any business there.
  foreach name in array array['datasets', 'dataset_chunks', 'jobs', 'job_slices'] loop
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()))',
      name
    );
  end loop;
end
$walls$;

-- What a tenant asks for goes through its own role: submitting, cancelling, retrying, uploading. What workers and the
-- sweeping of what has expired do, through the system's.
grant select, insert, update, delete on datasets, dataset_chunks to tollgate_app;
grant select, insert, update on jobs, job_slices to tollgate_app;
grant select, delete on datasets, dataset_chunks to tollgate_system;
grant select, update on jobs to tollgate_system;
grant select, insert, update, delete on job_slices to tollgate_system;
grant select, insert, update, delete on job_turns to tollgate_system;

revoke execute on function claim_job_slice(text, integer, jsonb), job_credential(text, text, text) from public;
grant execute on function claim_job_slice(text, integer, jsonb), job_credential(text, text, text) to tollgate_system;
