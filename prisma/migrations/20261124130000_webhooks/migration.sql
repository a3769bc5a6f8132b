-- Webhooks: what a tenant asked to be told of, and an outbox of what it still has to be told.

-- An endpoint's secret is not stored: it is made from a key that the gateways hold, the endpoint's id and the version here.
create table webhook_endpoints (
  id                          text primary key,
  tenant_id                   text not null references tenants (id),
  url                         text not null check (length(url) <= 2048),
  description                 text not null default '',
  event_types                 text[] not null check (cardinality(event_types) > 0),
  secret_version              integer not null default 1 check (secret_version > 0),
  previous_secret_expires_at  timestamptz,               -- until then, the version before signs as well
  created_at                  timestamptz not null default now(),
  created_by                  text not null,
  failing_since               timestamptz,               -- the first failure since the last delivery that arrived
  disabled_at                 timestamptz,
  disabled_for                text check (disabled_for in ('ASKED', 'FAILING', 'GONE')),
  unique (tenant_id, id),
  check ((disabled_at is null) = (disabled_for is null))
);

-- One event on its way to one endpoint. `event_id` is what its receiver knows it by, however often it is sent.
create table webhook_deliveries (
  id               text primary key,
  tenant_id        text not null,
  endpoint_id      text not null,
  event_id         text not null,
  event_type       text not null,
  payload          jsonb not null,
  created_at       timestamptz not null default clock_timestamp(),
  status           text not null default 'PENDING' check (status in ('PENDING', 'DELIVERED', 'EXHAUSTED')),
  -- When it is next to be sent. While somebody sends it, until when it is theirs: whoever dies over it leaves it due then.
  due_at           timestamptz not null default clock_timestamp(),
  claimed_by       text,
  -- Times that it was sent, or that somebody died who was about to; and how many of them since it was last asked for.
  attempts         integer not null default 0,
  tries            integer not null default 0,
  -- The latest attempts, newest last: [{ at, durationMs, responseCode, responseStart, error }].
  attempt_log      jsonb not null default '[]',
  ended_at         timestamptz,
  foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade,
  unique (endpoint_id, event_id)
);
create index webhook_deliveries_list on webhook_deliveries (tenant_id, endpoint_id, id);
-- In the order of each endpoint, so that a claim looks at a few rows of each, however many are waiting.
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, due_at) where status = 'PENDING';
create index webhook_deliveries_ended on webhook_deliveries (ended_at) where ended_at is not null;

do $walls$
declare
  name text;
begin
  foreach name in array array['webhook_endpoints', 'webhook_deliveries'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()))',
      name
    );
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
  end loop;
end
$walls$;

grant select, insert, delete on webhook_endpoints to tollgate_app;
grant update (url, description, event_types, secret_version, previous_secret_expires_at, failing_since, disabled_at, disabled_for)
  on webhook_endpoints to tollgate_app;
grant select, insert on webhook_deliveries to tollgate_app;
grant update (status, due_at, tries, ended_at) on webhook_deliveries to tollgate_app;
grant select on webhook_endpoints to tollgate_system;
grant update (failing_since, disabled_at, disabled_for) on webhook_endpoints to tollgate_system;
grant select, insert, delete on webhook_deliveries to tollgate_system;
grant update (status, due_at, claimed_by, attempts, tries, attempt_log, ended_at) on webhook_deliveries to tollgate_system;

-- The body of an id as core/ids.ts makes them: 48 bits of milliseconds, then 80 random bits, in 26 characters of base32.
create function sortable_id(at timestamptz) returns text
  language plpgsql volatile parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  alphabet constant text := '0123456789abcdefghjkmnpqrstvwxyz';
  ms       bigint := floor(extract(epoch from at) * 1000);
  random   bytea := uuid_send(gen_random_uuid());
  time     text := '';
  body     text := '';
  value    bigint;
begin
  for place in 1..10 loop
    time := substr(alphabet, (ms & 31)::integer + 1, 1) || time;
    ms := ms >> 5;
  end loop;
  -- Two of the sixteen bytes say which kind of uuid it is (6 and 8): the ten taken here are not among them.
  random := substr(random, 1, 5) || substr(random, 10, 5);
  for half in 0..1 loop
    value := 0;
    for i in 0..4 loop
      value := (value << 8) | get_byte(random, half * 5 + i);
    end loop;
    for place in reverse 7..0 loop
      body := body || substr(alphabet, ((value >> (5 * place)) & 31)::integer + 1, 1);
    end loop;
  end loop;
  return time || body;
end
$$;

-- Puts an event into the outbox of every endpoint of the tenant that asked for its type, with the transaction of what it
-- tells of: neither stands without the other. Under an event id of its own, the same event is put there once.
create function enqueue_webhook(tenant text, type text, data jsonb, event text default null) returns void
  language plpgsql set search_path = public, pg_temp
as $$
declare
  now_at constant timestamptz := clock_timestamp();
  known  constant text := coalesce(event, 'evt_' || sortable_id(now_at));
begin
  insert into webhook_deliveries (id, tenant_id, endpoint_id, event_id, event_type, payload, created_at, due_at)
    select 'whd_' || sortable_id(now_at), e.tenant_id, e.id, known, type, data, now_at, now_at
      from webhook_endpoints e
      where e.tenant_id = tenant and type = any (e.event_types) and e.disabled_at is null
    on conflict (endpoint_id, event_id) do nothing;
  if found then
    perform pg_notify('tollgate_webhooks', '');
  end if;
end
$$;

-- Hands out deliveries that are due, and makes them the holder's until the lease ends: then, unless settled, they are due
-- again. So a gateway that dies over one loses nothing, and the event may arrive twice.
--
-- The lock makes claims come one after another on all gateways, so that what is under way of an endpoint and of a tenant
-- is counted exactly: a slow endpoint holds `per_endpoint` places and delays nobody else. It is held for this statement,
-- which looks at a few rows of each endpoint that something waits for, found by stepping through the index.
create function claim_webhooks(holder text, lease interval, room integer, per_endpoint integer, per_tenant integer)
  returns setof webhook_deliveries
  language plpgsql set search_path = public, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(72707375);
  return query
    with recursive waiting as (
      (select endpoint_id from webhook_deliveries where status = 'PENDING' order by endpoint_id limit 1)
      union all
      select (
          select d.endpoint_id from webhook_deliveries d
          where d.status = 'PENDING' and d.endpoint_id > w.endpoint_id
          order by d.endpoint_id limit 1
        )
        from waiting w
        where w.endpoint_id is not null
    ),
    under_way as (
      select tenant_id, endpoint_id, count(*) as deliveries
        from webhook_deliveries
        where status = 'PENDING' and claimed_by is not null and due_at > clock_timestamp()
        group by 1, 2
    ),
    due as (
      select d.id, d.due_at, row_number() over (partition by d.tenant_id order by d.due_at, d.id) as place,
             per_tenant - coalesce((select sum(u.deliveries) from under_way u where u.tenant_id = d.tenant_id), 0) as places
        from waiting w
        join webhook_endpoints e on e.id = w.endpoint_id and e.disabled_at is null
        cross join lateral (
          select id, tenant_id, due_at from webhook_deliveries
            where endpoint_id = e.id and status = 'PENDING' and due_at <= clock_timestamp()
            order by due_at
            limit greatest(0, per_endpoint - coalesce((select deliveries from under_way u where u.endpoint_id = e.id), 0))
        ) d
    ),
    taken as (
      select d.id from webhook_deliveries d
        where d.id in (select id from due where place <= places order by due_at, id limit room)
          and d.status = 'PENDING' and d.due_at <= clock_timestamp()
        for update skip locked
    )
    update webhook_deliveries d
      set claimed_by = holder, due_at = clock_timestamp() + lease, attempts = attempts + 1, tries = tries + 1
      from taken
      where d.id = taken.id
      returning d.*;
end
$$;

revoke execute on function enqueue_webhook(text, text, jsonb, text), sortable_id(timestamptz),
  claim_webhooks(text, interval, integer, integer, integer) from public;
grant execute on function enqueue_webhook(text, text, jsonb, text), sortable_id(timestamptz),
  claim_webhooks(text, interval, integer, integer, integer) to tollgate_system;
