-- The first house: who is asking, what may be asked, and what was used.
-- Ids are text, prefixed and sortable (src/core/ids.ts). Money is bigint micro-units. Times are UTC. Periods are [start, end).

-- ---------------------------------------------------------------------------------------------------------------------
-- Roles. They are cluster-wide, so another database of the same cluster may have made them already. The gateway sets
-- their passwords at start (platform/database.ts). Neither owns a table, and neither can bypass row-level security:
--   tollgate_app     works for one tenant at a time, the one in app.tenant_id, and sees nothing without it.
--   tollgate_system  works across tenants, only where a policy below says so: sign-in, key look-up, the charge, operators.
-- ---------------------------------------------------------------------------------------------------------------------
do $roles$
declare
  wanted text;
begin
  foreach wanted in array array['tollgate_app', 'tollgate_system'] loop
    begin
      if not exists (select from pg_roles where rolname = wanted) then
        execute format('create role %I login nosuperuser nobypassrls nocreatedb nocreaterole noinherit', wanted);
      end if;
    exception when duplicate_object or unique_violation then
      null; -- another database of this cluster made it in the same moment
    end;
  end loop;
end
$roles$;

grant usage on schema public to tollgate_app, tollgate_system;

-- The tenant that the connection works for. Empty and unset are the same: no tenant, so no row.
create function current_tenant_id() returns text
  language sql stable parallel safe
  as $$ select nullif(current_setting('app.tenant_id', true), '') $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- plans
-- ---------------------------------------------------------------------------------------------------------------------
create table plans (
  id         text primary key,
  name       text not null unique,
  created_at timestamptz not null default now()
);

-- Immutable: a change of a plan is a new version, and usage events name the version that priced them.
create table plan_versions (
  id         text primary key,
  plan_id    text not null references plans (id),
  version    integer not null check (version > 0),
  currency   text not null check (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz not null default now(),
  unique (plan_id, version)
);

create table plan_prices (
  plan_version_id   text not null references plan_versions (id),
  meter             text not null,
  unit_price_micros bigint not null check (unit_price_micros >= 0),
  primary key (plan_version_id, meter)
);

-- How much of a meter a tenant on the plan may use in a calendar month. No row: no quota on that meter.
create table plan_quotas (
  plan_version_id text not null references plan_versions (id),
  meter           text not null,
  quantity        bigint not null check (quantity >= 0),
  primary key (plan_version_id, meter)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- tenants, users, members
-- ---------------------------------------------------------------------------------------------------------------------
create table tenants (
  id         text primary key,
  name       text not null,
  created_at timestamptz not null default now()
);

-- A tenant on a plan version, from a moment to a moment. The exclusion of overlaps is the trigger-free kind: one open row.
create table subscriptions (
  id              text primary key,
  tenant_id       text not null references tenants (id),
  plan_version_id text not null references plan_versions (id),
  starts_at       timestamptz not null default now(),
  ends_at         timestamptz check (ends_at > starts_at)
);
create unique index subscriptions_open on subscriptions (tenant_id) where ends_at is null;
create index subscriptions_tenant on subscriptions (tenant_id, starts_at);

create table users (
  id            text primary key,
  email         text not null unique check (email = lower(email)),
  password_hash text not null,
  is_operator   boolean not null default false,
  created_at    timestamptz not null default now(),
  disabled_at   timestamptz
);

create table members (
  tenant_id  text not null references tenants (id),
  user_id    text not null references users (id),
  role       text not null check (role in ('OWNER', 'ADMIN', 'DEVELOPER', 'FINANCE')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
create index members_user on members (user_id);

-- One signing in, and the family of refresh tokens that came of it. tenant_id is empty for an operator.
create table sign_ins (
  id         text primary key,
  user_id    text not null references users (id),
  tenant_id  text references tenants (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_for text
);
create index sign_ins_user on sign_ins (user_id);

create table refresh_tokens (
  id          text primary key,
  sign_in_id  text not null references sign_ins (id),
  secret_hash bytea not null,
  created_at  timestamptz not null default now(),
  used_at     timestamptz
);
create index refresh_tokens_sign_in on refresh_tokens (sign_in_id);

-- Failed attempts to sign in, per account and per address, in the current stretch of time. Losing it in a crash is fine.
create unlogged table sign_in_attempts (
  subject   text primary key,
  attempts  integer not null,
  starts_at timestamptz not null
);
create index sign_in_attempts_age on sign_in_attempts (starts_at);

-- ---------------------------------------------------------------------------------------------------------------------
-- API keys, audit
-- ---------------------------------------------------------------------------------------------------------------------
create table api_keys (
  id            text primary key,
  tenant_id     text not null references tenants (id),
  name          text not null,
  prefix        text not null,
  secret_hash   bytea not null check (length(secret_hash) = 32),
  permissions   text[] not null,
  allowed_cidrs text[] not null default '{}',
  created_at    timestamptz not null default now(),
  created_by    text not null,
  expires_at    timestamptz,
  last_used_at  timestamptz,
  revoked_at    timestamptz,
  rotated_to    text references api_keys (id)
);
create index api_keys_tenant on api_keys (tenant_id, id);

create table audit_events (
  id          text primary key,
  tenant_id   text references tenants (id),
  actor_id    text not null,
  action      text not null,
  subject_id  text not null,
  details     jsonb not null default '{}',
  request_id  text,
  occurred_at timestamptz not null default now()
);
create index audit_events_tenant on audit_events (tenant_id, id);

-- ---------------------------------------------------------------------------------------------------------------------
-- models. tenant_id empty: a model of the platform, offered to all.
-- ---------------------------------------------------------------------------------------------------------------------
create table models (
  id          text primary key,
  tenant_id   text references tenants (id),
  name        text not null,
  description text not null,
  task        text not null check (task in ('IMAGE_CLASSIFICATION', 'TEXT_CLASSIFICATION', 'TOKEN_CLASSIFICATION', 'TENSOR')),
  created_at  timestamptz not null default now()
);
create unique index models_platform_name on models (name) where tenant_id is null;
create unique index models_tenant_name on models (tenant_id, name) where tenant_id is not null;

create table model_versions (
  id            text primary key,
  tenant_id     text references tenants (id),
  model_id      text not null references models (id),
  version       integer not null check (version > 0),
  digest        text not null check (digest ~ '^[0-9a-f]{64}$'),
  manifest      jsonb not null,
  registered_at timestamptz not null default now(),
  retired_at    timestamptz,
  unique (model_id, version)
);

create table aliases (
  id        text primary key,
  tenant_id text references tenants (id),
  model_id  text not null references models (id),
  name      text not null,
  unique (model_id, name)
);

create table alias_targets (
  alias_id         text not null references aliases (id),
  tenant_id        text references tenants (id),
  model_version_id text not null references model_versions (id),
  weight           integer not null check (weight between 0 and 100),
  primary key (alias_id, model_version_id)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- usage. The events are the truth and are only ever added to; the two tables after them are caches that
-- `npm run usage:rebuild` makes again from the events, to the same numbers.
-- ---------------------------------------------------------------------------------------------------------------------
create table usage_events (
  tenant_id        text not null,
  id               text not null,
  occurred_at      timestamptz not null,
  meter            text not null,
  quantity         bigint not null,
  plan_version_id  text not null,
  unit_price_micros bigint not null,
  inference_id     text not null,
  model_id         text not null,
  model_version_id text not null,
  api_key_id       text,                                 -- empty: asked by a signed-in user
  user_id          text,
  idempotency_key  text,
  reverses_id      text,                                 -- the event that this one takes back
  reason           text,
  recorded_at      timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id, occurred_at),
  check ((quantity < 0) = (reverses_id is not null)),
  check ((api_key_id is null) <> (user_id is null))
) partition by range (occurred_at);

-- The events lie on disk in the order of their time, so this costs almost nothing to keep and finds an hour's blocks.
create index usage_events_time on usage_events using brin (occurred_at);

create table usage_hourly (
  tenant_id        text not null,
  hour             timestamptz not null,
  meter            text not null,
  model_id         text not null,
  model_version_id text not null,
  api_key_id       text not null,                        -- '' for a signed-in user: a key column cannot be null
  plan_version_id  text not null,
  quantity         bigint not null,
  amount_micros    bigint not null,
  events           bigint not null,
  primary key (tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id)
) with (fillfactor = 70);

create table quota_usage (
  tenant_id        text not null,
  meter            text not null,
  period_starts_at timestamptz not null,
  used             bigint not null,
  primary key (tenant_id, meter, period_starts_at)
) with (fillfactor = 50);

-- The caller's own name for a request: the first one is charged, every later one gets its answer.
create table idempotency_keys (
  tenant_id        text not null,
  key              text not null,
  request_digest   text not null,
  inference_id     text not null,
  usage_event_id   text not null,
  model_version_id text not null,
  unit_price_micros bigint not null,                     -- at which it was charged
  holder           text not null,                        -- the gateway instance that is working on it
  answer           jsonb,
  created_at       timestamptz not null,
  expires_at       timestamptz not null,
  primary key (tenant_id, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

-- Charges whose outcome a gateway did not hear and that had not come when it took them back. One that still comes, out of
-- a network that was cut or a server that stood still, finds its name here and is refused.
create table abandoned_charges (
  tenant_id        text not null,
  usage_event_id   text not null,
  abandoned_at     timestamptz not null,
  primary key (tenant_id, usage_event_id)
);

-- A partition for each month, made ahead. There is no default partition on purpose: an event that has no month is
-- refused, and with it the answer, rather than filed where no report looks.
--
-- Each is made beside the table and then attached. `create table … partition of` would lock the whole table: it would
-- wait for the longest report of the moment, and every charge would wait behind it. Months are dates here, because adding
-- a month to an instant counts in the time zone of the session.
create function make_usage_month(month date) returns void
  language plpgsql set search_path = public, pg_temp
as $$
declare
  name text := 'usage_events_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass('public.' || name) is not null then
    return;
  end if;
  execute format('create table %I (like usage_events including all)', name);
  execute format(
    'alter table usage_events attach partition %I for values from (%L) to (%L)',
    name, month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
  );
end
$$;

-- Last month's too: an event that is taken back early in a month may be of the one before.
create function ensure_usage_partitions(months_ahead integer) returns void
  language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  this_month date := date_trunc('month', now() at time zone 'UTC');
begin
  perform pg_advisory_xact_lock(72707370);
  perform make_usage_month((this_month + make_interval(months => n))::date) from generate_series(-1, months_ahead) n;
end
$$;
revoke execute on function make_usage_month(date) from public;
revoke execute on function ensure_usage_partitions(integer) from public;
grant execute on function ensure_usage_partitions(integer) to tollgate_system;
select ensure_usage_partitions(3);

-- ---------------------------------------------------------------------------------------------------------------------
-- The second wall. FORCE holds for the owner of the tables too.
-- ---------------------------------------------------------------------------------------------------------------------
do $walls$
declare
  name text;
begin
  foreach name in array array[
    'subscriptions', 'members', 'api_keys', 'audit_events', 'usage_events', 'usage_hourly', 'quota_usage', 'idempotency_keys',
    'abandoned_charges'
  ] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()))',
      name
    );
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
  end loop;

  -- What the platform owns is seen by all; what a tenant owns, by itself.
  foreach name in array array['models', 'model_versions', 'aliases', 'alias_targets'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id is null or tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()))',
      name
    );
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
  end loop;

  alter table tenants enable row level security;
  alter table tenants force row level security;
  create policy one_tenant on tenants to tollgate_app using (id = (select current_tenant_id()));
  create policy all_tenants on tenants to tollgate_system using (true) with check (true);
end
$walls$;

-- What each role may do at all. Usage events: nobody updates, nobody deletes. Users, sign-ins and refresh tokens belong
-- to no tenant, so the tenant's role does not reach them.
grant select on plans, plan_versions, plan_prices, plan_quotas to tollgate_app, tollgate_system;
grant select on tenants, subscriptions, members to tollgate_app;
grant select, insert on tenants, subscriptions, members, audit_events to tollgate_system;
grant update on subscriptions to tollgate_system;
grant select, insert, update on users, sign_ins, refresh_tokens to tollgate_system;
grant select, insert, update, delete on sign_in_attempts to tollgate_system;
grant select, insert, update on api_keys to tollgate_app, tollgate_system;
grant select, insert on audit_events to tollgate_app;
grant select on models, model_versions, aliases, alias_targets to tollgate_app;
grant select, insert, update on models, model_versions, aliases, alias_targets to tollgate_system;
grant select on usage_events, usage_hourly, quota_usage to tollgate_app;
grant select, insert on usage_events to tollgate_system;
grant select, insert, update, delete on usage_hourly, quota_usage, idempotency_keys, abandoned_charges to tollgate_system;

-- The plan that a tenant is on when nobody chose another.
insert into plans (id, name) values ('pln_00000000000000000000000001', 'standard');
insert into plan_versions (id, plan_id, version, currency) values ('plv_00000000000000000000000001', 'pln_00000000000000000000000001', 1, 'USD');
insert into plan_prices (plan_version_id, meter, unit_price_micros) values ('plv_00000000000000000000000001', 'inputs', 100);
insert into plan_quotas (plan_version_id, meter, quantity) values ('plv_00000000000000000000000001', 'inputs', 1000000);

-- ---------------------------------------------------------------------------------------------------------------------
-- What replicas remember and must forget. The database itself tells them, with the commit that changed the row, so a key
-- revoked by hand in psql is refused within the second too. The payload is the id that changed.
-- ---------------------------------------------------------------------------------------------------------------------
create function notify_changed() returns trigger
  language plpgsql
as $$
begin
  perform pg_notify(tg_argv[0], coalesce(to_jsonb(new), to_jsonb(old)) ->> tg_argv[1]);
  return null;
end
$$;

create trigger api_keys_changed after update of secret_hash, permissions, allowed_cidrs, expires_at, revoked_at or delete on api_keys
  for each row execute function notify_changed('tollgate_api_keys', 'id');
create trigger sign_ins_changed after update or delete on sign_ins
  for each row execute function notify_changed('tollgate_sign_ins', 'id');
-- Of inserts too: a replica that remembers a user's places would refuse them in a tenant they have just joined.
create trigger members_changed after insert or update or delete on members
  for each row execute function notify_changed('tollgate_users', 'user_id');
create trigger users_changed after update of disabled_at, is_operator or delete on users
  for each row execute function notify_changed('tollgate_users', 'id');
create trigger subscriptions_changed after insert or update or delete on subscriptions
  for each row execute function notify_changed('tollgate_subscriptions', 'tenant_id');
create trigger aliases_changed after update or delete on aliases
  for each row execute function notify_changed('tollgate_models', 'model_id');
create trigger alias_targets_changed after insert or update or delete on alias_targets
  for each row execute function notify_changed('tollgate_models', 'alias_id');
create trigger model_versions_changed after insert or update or delete on model_versions
  for each row execute function notify_changed('tollgate_models', 'model_id');
