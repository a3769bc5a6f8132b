-- Plans with every kind of price, limits of plans, tenants and keys, billing periods, and the tenant's ledger row: the one
-- lock under which all that concerns a tenant's money is decided.
--
-- Quantities are in a meter's smallest unit: whole inputs, tokens and explanations, and microseconds of compute_ms, whose
-- prices are for a millisecond. Money is micro-units. Periods are [start, end).

-- ---------------------------------------------------------------------------------------------------------------------
-- plans. A version and all that belongs to it is immutable: no role may update or delete it.
-- ---------------------------------------------------------------------------------------------------------------------
alter table plans add column is_self_service boolean not null default false;   -- an owner may move their tenant to it

alter table plan_versions
  add column flat_fee_micros bigint not null default 0 check (flat_fee_micros >= 0),      -- for each billing period
  add column created_by text not null default 'system';

-- The price of one model goes before the price of all, which has '' for the model. Tiers are an array of
-- {upTo: quantity or null, unitPriceMicros, flatMicros}, ascending, the last one open.
alter table plan_prices
  add column model_id text not null default '',
  add column scheme text not null default 'PER_UNIT' check (scheme in ('PER_UNIT', 'PACKAGE', 'GRADUATED', 'VOLUME', 'FLAT')),
  add column package_size bigint check (package_size > 0),
  add column included bigint not null default 0 check (included >= 0),
  add column tiers jsonb not null default '[]',
  add check (meter in ('inputs', 'tokens', 'explanations', 'compute_ms')),
  add check ((scheme = 'PACKAGE') = (package_size is not null)),
  add check ((scheme in ('GRADUATED', 'VOLUME')) = (jsonb_array_length(tiers) > 0)),
  drop constraint plan_prices_pkey,
  add primary key (plan_version_id, meter, model_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- limits
-- ---------------------------------------------------------------------------------------------------------------------

-- Whether a limit has just what its kind needs.
create function is_whole_limit(kind text, meter text, model_id text, period text, quantity bigint, refill_micros bigint)
  returns boolean language sql immutable parallel safe
  as $$
    select coalesce(case kind
      when 'QUOTA' then meter in ('inputs', 'tokens', 'explanations', 'compute_ms') and period is not null and refill_micros is null
      when 'BUDGET' then meter is null and period is not null and refill_micros is null and model_id = ''
      when 'RATE_LIMIT' then meter in ('inputs', 'requests') and period is null and refill_micros > 0 and quantity > 0 and model_id = ''
      else meter is null and period is null and refill_micros is null and model_id = ''
    end, false)
  $$;

-- quantity: of a QUOTA units of the meter, of a BUDGET micro-units of the currency, of a RATE_LIMIT the size of the bucket,
-- of the others how many at once and how many in a request. refill_micros: millionths of a unit that flow into the bucket
-- in a second.
create table plan_limits (
  id              text primary key,
  plan_version_id text not null references plan_versions (id),
  applies_to      text not null check (applies_to in ('TENANT', 'EACH_KEY')),   -- EACH_KEY: each key of its own
  kind            text not null check (kind in ('QUOTA', 'BUDGET', 'RATE_LIMIT', 'CONCURRENCY_LIMIT', 'REQUEST_INPUTS')),
  mode            text not null default 'HARD' check (mode in ('HARD', 'SOFT', 'SHADOW')),
  meter           text,
  model_id        text not null default '',
  period          text check (period in ('HOUR', 'DAY', 'BILLING_PERIOD')),
  quantity        bigint not null check (quantity >= 0),
  refill_micros   bigint,
  check (is_whole_limit(kind, meter, model_id, period, quantity, refill_micros)),
  unique nulls not distinct (plan_version_id, applies_to, kind, meter, model_id, period)
);

-- Those of a tenant, or of one of its keys. What an operator sets takes the place of the plan's limit of the same kind,
-- meter, model and period; what the tenant sets holds beside it, so it can only be stricter.
create table tenant_limits (
  tenant_id     text not null references tenants (id),
  id            text not null,
  api_key_id    text references api_keys (id),                                  -- empty: of the whole tenant
  replaces_plan boolean not null,
  kind          text not null check (kind in ('QUOTA', 'BUDGET', 'RATE_LIMIT', 'CONCURRENCY_LIMIT', 'REQUEST_INPUTS')),
  mode          text not null default 'HARD' check (mode in ('HARD', 'SOFT', 'SHADOW')),
  meter         text,
  model_id      text not null default '',
  period        text check (period in ('HOUR', 'DAY', 'BILLING_PERIOD')),
  quantity      bigint not null check (quantity >= 0),
  refill_micros bigint,
  created_at    timestamptz not null default now(),
  created_by    text not null,
  primary key (tenant_id, id),
  check (is_whole_limit(kind, meter, model_id, period, quantity, refill_micros)),
  unique nulls not distinct (tenant_id, api_key_id, kind, meter, model_id, period, replaces_plan)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- tenants
-- ---------------------------------------------------------------------------------------------------------------------
alter table tenants
  add column currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),        -- that of its plan versions
  add column tax_rate_ppm integer not null default 0 check (tax_rate_ppm between 0 and 1000000),
  add column billing_anchor_day smallint not null default 1 check (billing_anchor_day between 1 and 31);

-- The lock of a tenant. Charges, what is settled and reversed, a change of plan or of limits and the issue of an invoice
-- all take this row first (`for update`), of several tenants in the order of their ids. Time in a tenant's ledger is
-- greatest(now, last_at, closed_until), so a clock that is stepped back moves nothing into a period that is over.
create table tenant_ledgers (
  tenant_id       text primary key references tenants (id),
  last_at         timestamptz,                       -- of its latest event
  closed_until    timestamptz,                       -- where the last invoiced period ends: nothing is dated before it
  limits_revision bigint not null default 0,         -- counts changes of tenant_limits
  counted_for     text not null default ''           -- the plan version and the revision that its usage_counters serve
) with (fillfactor = 50);

create function make_tenant_ledger() returns trigger
  language plpgsql
as $$
begin
  insert into tenant_ledgers (tenant_id) values (new.id);
  return null;
end
$$;
create trigger tenants_have_ledgers after insert on tenants for each row execute function make_tenant_ledger();

-- Whoever changes a tenant's limits waits for the charges that are being decided, and those that follow see the change.
create function count_limits_revision() returns trigger
  language plpgsql
as $$
begin
  update tenant_ledgers set limits_revision = limits_revision + 1 where tenant_id = coalesce(new.tenant_id, old.tenant_id);
  return null;
end
$$;
create trigger tenant_limits_counted after insert or update or delete on tenant_limits
  for each row execute function count_limits_revision();

-- A tenant is on one plan at a time. The lock makes two who write at once wait for each other.
create function refuse_overlapping_subscriptions() returns trigger
  language plpgsql
as $$
begin
  perform 1 from tenant_ledgers where tenant_id = new.tenant_id for update;
  if exists (
    select from subscriptions s
      where s.tenant_id = new.tenant_id and s.id <> new.id
        and tstzrange(s.starts_at, s.ends_at) && tstzrange(new.starts_at, new.ends_at)
  ) then
    raise exclusion_violation using message = format('the tenant %s has another subscription in that time', new.tenant_id);
  end if;
  return new;
end
$$;
create trigger subscriptions_do_not_overlap before insert or update of starts_at, ends_at on subscriptions
  for each row execute function refuse_overlapping_subscriptions();

-- ---------------------------------------------------------------------------------------------------------------------
-- usage
-- ---------------------------------------------------------------------------------------------------------------------

-- amount_micros: what the cumulative quantity of the event's price group grew by. A price group is a tenant, a billing
-- period, a plan version, a meter and the model scope of the price, so its amounts add up to rated_cost of its quantity.
-- period_starts_at: the billing period whose price group the event counts in. It holds the event, too, unless it is late:
-- a correction of a period that was closed before. Late events count in no quota.
alter table usage_events
  add column amount_micros bigint not null default 0,
  add column price_model_id text not null default '',
  add column period_starts_at timestamptz,
  add column is_late boolean not null default false;

alter table usage_hourly
  add column price_model_id text not null default '',
  add column is_late boolean not null default false;

-- What is used in a period that is not over. A row that is not there is computed from the ledger, so all may be deleted.
-- With a plan version: of a price group. Without: for quotas and budgets; '' stands for every meter, model or key.
create table usage_counters (
  tenant_id        text not null,
  period           text not null check (period in ('HOUR', 'DAY', 'BILLING_PERIOD')),
  period_starts_at timestamptz not null,
  plan_version_id  text not null,
  meter            text not null,
  model_id         text not null,
  api_key_id       text not null,
  quantity         bigint not null,
  amount_micros    bigint not null,
  primary key (tenant_id, period, period_starts_at, plan_version_id, meter, model_id, api_key_id)
) with (fillfactor = 50);

-- How full the bucket of a rate limit was, and when. One that is not there is full.
create table rate_buckets (
  tenant_id    text not null,
  limit_id     text not null,
  api_key_id   text not null,                         -- '': of the tenant
  level_micros bigint not null,
  filled_at    timestamptz not null,
  primary key (tenant_id, limit_id, api_key_id)
) with (fillfactor = 50);

-- A request that is being worked on, of a tenant with a concurrency limit. One that a crash left behind ends by itself.
create table concurrency_leases (
  tenant_id      text not null,
  usage_event_id text not null,
  api_key_id     text not null,                       -- '' for a signed-in user
  holder         text not null,                       -- the gateway instance
  expires_at     timestamptz not null,
  primary key (tenant_id, usage_event_id)
) with (fillfactor = 50);

-- A quota or budget that was used up to a threshold, in per cent: once for each limit, period and threshold.
create table limit_alerts (
  tenant_id        text not null,
  limit_id         text not null,
  api_key_id       text not null,                     -- whose share of it was used; '': the tenant's
  period_starts_at timestamptz not null,
  threshold        smallint not null check (threshold in (50, 80, 100)),
  kind             text not null,
  meter            text,
  quantity         bigint not null,
  used             bigint not null,
  crossed_at       timestamptz not null,
  primary key (tenant_id, limit_id, api_key_id, period_starts_at, threshold)
);

-- How often a limit in shadow mode would have refused, in its period; of one without a period, in a day.
create table limit_shadow_refusals (
  tenant_id        text not null,
  limit_id         text not null,
  api_key_id       text not null,
  period_starts_at timestamptz not null,
  refusals         bigint not null,
  primary key (tenant_id, limit_id, api_key_id, period_starts_at)
) with (fillfactor = 70);

-- What the first request with a key was charged: [{meter, quantity, amountMicros}].
alter table idempotency_keys add column charged jsonb not null default '[]';

-- ---------------------------------------------------------------------------------------------------------------------
-- What stood before. The owner of the tables is behind the wall, too, so it is lifted for this.
-- ---------------------------------------------------------------------------------------------------------------------
alter table tenants no force row level security;
alter table subscriptions no force row level security;
alter table usage_events no force row level security;
alter table usage_hourly no force row level security;
alter table idempotency_keys no force row level security;

insert into tenant_ledgers (tenant_id) select id from tenants;
update tenant_ledgers l set last_at = (select max(e.occurred_at) from usage_events e where e.tenant_id = l.tenant_id);
update tenants t set currency = v.currency
  from subscriptions s join plan_versions v on v.id = s.plan_version_id
  where s.tenant_id = t.id and s.ends_at is null;
update usage_events set amount_micros = quantity * unit_price_micros,
                        period_starts_at = date_trunc('month', occurred_at, 'UTC');
update idempotency_keys k
  set charged = coalesce((select jsonb_build_array(jsonb_build_object(
                            'meter', e.meter, 'quantity', e.quantity, 'amountMicros', e.amount_micros))
                            from usage_events e where e.tenant_id = k.tenant_id and e.id = k.usage_event_id), '[]');
insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity)
  select 'lim_' || substr(q.plan_version_id, 5), q.plan_version_id, 'TENANT', 'QUOTA', q.meter, 'BILLING_PERIOD', q.quantity
    from plan_quotas q;

alter table tenants force row level security;
alter table subscriptions force row level security;
alter table usage_events force row level security;
alter table usage_hourly force row level security;
alter table idempotency_keys force row level security;

-- ---------------------------------------------------------------------------------------------------------------------
-- The second wall, and what each role may do.
-- ---------------------------------------------------------------------------------------------------------------------
do $walls$
declare
  name text;
begin
  foreach name in array array[
    'tenant_limits', 'tenant_ledgers', 'usage_counters', 'rate_buckets', 'concurrency_leases', 'limit_alerts',
    'limit_shadow_refusals'
  ] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()))',
      name
    );
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
    execute format('grant select on %I to tollgate_app', name);
  end loop;
end
$walls$;

-- A change of plan that was asked for and has not come may be withdrawn; what has begun stays in the books.
create policy only_future on subscriptions as restrictive for delete to tollgate_system using (starts_at > now());
grant delete on subscriptions to tollgate_system;

grant select on plan_limits to tollgate_app, tollgate_system;
grant insert on plans, plan_versions, plan_prices, plan_limits to tollgate_system;
grant select, insert, delete on tenant_limits to tollgate_system;
grant select, insert, update on tenant_ledgers to tollgate_system;
grant select, insert, update, delete on usage_counters, rate_buckets, concurrency_leases to tollgate_system;
grant select, insert on limit_alerts to tollgate_system;
grant select, insert, update on limit_shadow_refusals to tollgate_system;

-- ---------------------------------------------------------------------------------------------------------------------
-- Pure money math. `core/period.ts` and `plans/rating.ts` say the same; property tests compare them.
-- ---------------------------------------------------------------------------------------------------------------------

-- How many of a meter's smallest units make one unit of its price.
create function meter_scale(meter text) returns bigint
  language sql immutable parallel safe
  as $$ select case meter when 'compute_ms' then 1000 else 1 end $$;

-- 00:00 UTC on the anchor day of the month that begins on the given day; on its last day where it is shorter.
create function anchor_in(month date, anchor_day integer) returns timestamptz
  language sql immutable parallel safe
  as $$ select least(month + anchor_day - 1, (month + interval '1 month')::date - 1)::timestamp at time zone 'UTC' $$;

-- The billing period that a moment lies in.
create function period_of(at timestamptz, anchor_day integer, out starts_at timestamptz, out ends_at timestamptz)
  language plpgsql immutable parallel safe
as $$
declare
  month  date := date_trunc('month', at at time zone 'UTC')::date;
  anchor timestamptz := anchor_in(month, anchor_day);
begin
  if at < anchor then
    starts_at := anchor_in((month - interval '1 month')::date, anchor_day);
    ends_at := anchor;
  else
    starts_at := anchor;
    ends_at := anchor_in((month + interval '1 month')::date, anchor_day);
  end if;
end
$$;

-- What the cumulative quantity of one price group costs, in whole micro-units. Exact but for a scale that divides: there,
-- half to even, once, at the end.
create function rated_cost(scheme text, unit_price_micros bigint, package_size bigint, included bigint, tiers jsonb,
                           scale bigint, quantity bigint) returns bigint
  language plpgsql immutable parallel safe
as $$
declare
  billable numeric := quantity - included;
  below    numeric := 0;
  part     numeric;
  scaled   numeric := 0;
  whole    numeric;
  rest     numeric;
  tier     jsonb;
begin
  if billable <= 0 or quantity <= 0 then
    return 0;
  end if;
  case scheme
    when 'PER_UNIT' then
      scaled := billable * unit_price_micros;
    when 'PACKAGE' then
      scaled := div(billable + package_size - 1, package_size) * unit_price_micros * scale;
    when 'FLAT' then
      scaled := unit_price_micros::numeric * scale;
    when 'GRADUATED' then
      for tier in select * from jsonb_array_elements(tiers) loop
        part := least(coalesce((tier ->> 'upTo')::numeric, billable), billable) - below;
        exit when part <= 0;
        scaled := scaled + part * (tier ->> 'unitPriceMicros')::numeric + (tier ->> 'flatMicros')::numeric * scale;
        below := below + part;
      end loop;
    when 'VOLUME' then
      for tier in select * from jsonb_array_elements(tiers) loop
        if billable <= coalesce((tier ->> 'upTo')::numeric, billable) then
          scaled := billable * (tier ->> 'unitPriceMicros')::numeric + (tier ->> 'flatMicros')::numeric * scale;
          exit;
        end if;
      end loop;
  end case;
  whole := div(scaled, scale);
  rest := scaled - whole * scale;
  if 2 * rest > scale or (2 * rest = scale and mod(whole, 2) = 1) then
    whole := whole + 1;
  end if;
  return whole;
end
$$;
