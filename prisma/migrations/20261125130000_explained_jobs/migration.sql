-- Jobs whose answers are explained, and jobs that tell one endpoint of their end.

alter table jobs
  add column explain             jsonb,                       -- how each answer is explained; empty: not
  -- What an item is run as at the most, its changed inputs included; and what those that were answered were run as.
  add column most_inputs         integer not null default 1 check (most_inputs > 0),
  add column inputs_run          bigint not null default 0,
  add column webhook_endpoint_id text,                        -- told of its end, whatever else it is told of
  add foreign key (tenant_id, webhook_endpoint_id)
    references webhook_endpoints (tenant_id, id) on delete set null (webhook_endpoint_id);
create index jobs_webhook on jobs (tenant_id, webhook_endpoint_id) where webhook_endpoint_id is not null;

-- Puts an event into the outbox of one endpoint, whatever types that is told of. The endpoint was named for this very
-- event: while it is disabled the event waits for it. Where the event is on its way to it already, nothing is added.
create function enqueue_webhook_to(tenant text, endpoint text, type text, data jsonb, event text) returns void
  language plpgsql set search_path = public, pg_temp
as $$
declare
  now_at constant timestamptz := clock_timestamp();
begin
  insert into webhook_deliveries (id, tenant_id, endpoint_id, event_id, event_type, payload, created_at, due_at)
    select 'whd_' || sortable_id(now_at), e.tenant_id, e.id, event, type, data, now_at, now_at
      from webhook_endpoints e
      where e.tenant_id = tenant and e.id = endpoint
    on conflict (endpoint_id, event_id) do nothing;
  if found then
    perform pg_notify('tollgate_webhooks', '');
  end if;
end
$$;

-- Claims the next slice for a worker, as before: of the tenant that had least service, of its most urgent job, among equals
-- of the one that had least service. Service is now counted by what an item is run as: the mean of those that were
-- answered; before there are any, the most that it can be.
--
-- What two workers at once see: the first thing done is to lock the clock, so claims come one after the other, and each
-- sees what the one before it took.
drop function claim_job_slice(text, integer, jsonb);
create function claim_job_slice(holder_id text, lease_ms integer, costs jsonb)
  returns table (
    tenant_id text, job_id text, slice integer, epoch integer, attempts integer, first_item bigint,
    inputs bytea, states bytea, results bytea, model_version_id text, top_k integer, explain jsonb, round integer,
    is_probe boolean
  )
  language plpgsql
as $$
#variable_conflict use_column
declare
  now_at    timestamptz := clock_timestamp();
  clock     double precision;
  candidate record;
  claimed   job_slices;
  per_item  double precision;
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

    per_item := case when candidate.items_succeeded = 0 then candidate.most_inputs
                     else greatest(1, candidate.inputs_run::double precision / candidate.items_succeeded) end;
    cost := (claimed.items - claimed.succeeded - claimed.failed) * per_item
              * greatest(coalesce((costs ->> candidate.model_version_id)::double precision, 1), 0.001);
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
    model_version_id := candidate.model_version_id; top_k := candidate.top_k;
    explain := candidate.explain; round := candidate.round;
    is_probe := candidate.state = 'PAUSED_BY_LIMIT';
    return next;
    return;
  end loop;
end
$$;

revoke execute on function claim_job_slice(text, integer, jsonb), enqueue_webhook_to(text, text, text, jsonb, text) from public;
grant execute on function claim_job_slice(text, integer, jsonb), enqueue_webhook_to(text, text, text, jsonb, text) to tollgate_system;
