-- The leases of a concurrency limit, in places that are used again.
--
-- There was a row for each request, inserted and deleted with it. What a charge reads of a tenant's leases is everything that
-- lies between the first and the last of them, and that was what the last minute had deleted, too: at 6,000 requests a second a
-- charge took three times as long after 20 seconds. A place that is taken again changes its row without moving it in the
-- index, and what it was before is cleared away by whoever next looks at the page.
drop table concurrency_leases;

-- A place of a tenant with a concurrency limit: taken by a request that is being worked on, free where its lease has ended.
-- One that a crash left behind ends by itself.
create table concurrency_leases (
  tenant_id      text not null,
  place          bigint not null,
  usage_event_id text not null,
  api_key_id     text not null,                       -- '' for a signed-in user
  holder         text not null,                       -- the gateway instance
  leased_at      timestamptz not null,
  expires_at     timestamptz not null,                -- -infinity: given back
  primary key (tenant_id, place)
) with (fillfactor = 50);

alter table concurrency_leases enable row level security;
alter table concurrency_leases force row level security;
create policy one_tenant on concurrency_leases to tollgate_app
  using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()));
create policy all_tenants on concurrency_leases to tollgate_system using (true) with check (true);
grant select on concurrency_leases to tollgate_app;
grant select, insert, update, delete on concurrency_leases to tollgate_system;

-- Gives the leases of requests back, named as {tenant_id, event_id}, under the locks of their tenants. One that has none, or
-- no more, changes nothing.
create function end_leases(ended json) returns void
  language plpgsql
as $$
declare
  tenants text[];
  events  text[];
begin
  select array_agg(distinct x.tenant_id), array_agg(x.event_id) into tenants, events
    from json_to_recordset(ended) as x(tenant_id text, event_id text);
  update concurrency_leases set expires_at = '-infinity'
    where tenant_id = any (tenants) and expires_at > '-infinity'
      -- In a hash table, made once, however many there are of both.
      and (usage_event_id in (select unnest(events))) is true;
end
$$;
revoke execute on function end_leases(json) from public;
grant execute on function end_leases(json) to tollgate_system;

-- As before, but for the leases.
create or replace function charge_usage(requests json, holder_id text, releases json default '[]')
  returns table (
    ord_            integer,
    -- ADMITTED, REPEATED, NO_PLAN, ABANDONED, or the limit that refused: QUOTA_EXCEEDED, BUDGET_EXCEEDED, RATE_LIMITED,
    -- CONCURRENCY_LIMITED, REQUEST_TOO_LARGE
    verdict         text,
    quantities      bigint[],      -- charged, of inputs, tokens, explanations and compute_ms
    amounts         bigint[],
    is_leased       boolean,       -- the end of its work has to be told: a lease is held
    refused_by      jsonb,
    soft            jsonb,         -- soft limits that were passed
    shadow_refusals integer,       -- of limits that are only watched
    first_inference text,          -- the rest only for REPEATED: what the first request with this key left
    first_event     text,
    first_digest    text,
    first_version   text,
    first_holder    text,
    first_charged   jsonb,
    first_answer    jsonb
  )
  language plpgsql
  -- Rows are looked up by their keys, whatever the tables held when the plan was made. The plan is made once: making it
  -- takes longer than all of the work.
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off
as $$
#variable_conflict use_column
declare
  meters     constant text[] := array['inputs', 'tokens', 'explanations', 'compute_ms'];
  prefixes   constant text[] := array['use_', 'ust_', 'usx_', 'usc_'];
  clock      constant timestamptz := tollgate_now();
  asked      charge_request[];
  request    charge_request;
  admitted   charge_request[] := '{}';
  earlier    idempotency_keys;
  -- By tenant.
  t_id text[]; t_now timestamptz[]; t_version text[]; t_starts timestamptz[]; t_ends timestamptz[];
  t_has_abandoned boolean[]; t_counts_for text[]; t_counted_for text[];
  -- By asker and meter, four each: the price group (0: no price), and whether the meter is recorded.
  a_group integer[]; a_counts boolean[];
  -- By price group. The cost is what its quantity costs, which is the sum of its events' amounts.
  g_tenant integer[]; g_meter text[]; g_model text[]; g_scheme text[]; g_unit bigint[]; g_package bigint[]; g_included bigint[];
  g_tiers jsonb[]; g_scale bigint[]; g_is_plain boolean[]; g_quantity bigint[]; g_cost bigint[]; g_quantity_before bigint[];
  -- By slot: a limit and whose usage counts. What it counts: 1 to 4 a meter, 5 money, 6 inputs into a bucket, 7 requests
  -- into a bucket, 8 requests at once, 9 inputs of one request. A bucket's `left` is in millionths.
  s_tenant integer[]; s_id text[]; s_key text[]; s_kind text[]; s_mode text[]; s_meter text[]; s_model text[]; s_period text[];
  s_starts timestamptz[]; s_ends timestamptz[]; s_most bigint[]; s_refill bigint[]; s_what integer[];
  s_left bigint[]; s_left_before bigint[]; s_is_new boolean[];
  -- The slots of each asker, one asker after the other.
  r_asker integer[]; r_slot integer[]; r_first integer[]; r_last integer[];
  tenant_no integer; asker integer; m integer; g integer; r integer; s integer; refusing integer;
  needs      bigint[];
  need       bigint;
  amount     bigint;
  total      bigint;
  helps_at   timestamptz;
  latest     timestamptz;
  soft_slots integer[];
  shadow_slots integer[];
  shadowed   integer[] := '{}';
  is_alarming boolean := false;
  has_leases boolean := false;
begin
  select array_agg(
           row(x.ord, x.event_id, x.tenant_id, x.inference_id, x.quantity, coalesce(x.tokens, 0), coalesce(x.explanations, 0),
               coalesce(x.compute_us, 0), x.model_id, x.model_version_id, x.api_key_id, x.user_id, x.idempotency_key,
               x.request_digest, x.lease_ms, x.tenant_no, x.asker, null, null, null)::charge_request
           order by x.tenant_no, x.ord)
    into asked
    from (
      select *, dense_rank() over (order by tenant_id collate "C") as tenant_no,
             dense_rank() over (order by tenant_id collate "C", api_key_id collate "C", model_id collate "C") as asker
        from json_to_recordset(requests) as x(
             ord integer, event_id text, tenant_id text, inference_id text, quantity bigint, tokens bigint, explanations bigint,
             compute_us bigint, model_id text, model_version_id text, api_key_id text, user_id text, idempotency_key text,
             request_digest text, lease_ms integer)
    ) x;
  select array_agg(tenant_id order by tenant_id collate "C") into t_id
    from (select distinct tenant_id from unnest(asked)) one;
  if json_array_length(releases) > 0 then
    perform lock_ledgers(t_id || array(select x.tenant_id from json_to_recordset(releases) as x(tenant_id text)));
    perform end_leases(releases);
  else
    perform lock_ledgers(t_id);
  end if;
  if asked is null then
    return;
  end if;

  -- Read: the tenants, their time, plan and billing period.
  select array_agg(at order by no), array_agg(version order by no), array_agg(starts_at order by no),
         array_agg(ends_at order by no), array_agg(has_abandoned order by no),
         array_agg(concat(version, ' ', limits_revision) order by no), array_agg(counted_for order by no)
    into t_now, t_version, t_starts, t_ends, t_has_abandoned, t_counts_for, t_counted_for
    from (
      select one.no, ledger.at, s.plan_version_id as version, billing.starts_at, billing.ends_at, l.limits_revision,
             l.counted_for, exists (select from abandoned_charges a where a.tenant_id = one.id) as has_abandoned
        from unnest(t_id) with ordinality as one(id, no)
        left join tenant_ledgers l on l.tenant_id = one.id
        left join tenants t on t.id = one.id
        cross join lateral (select greatest(clock, l.last_at, l.closed_until) as at) ledger
        cross join lateral period_of(ledger.at, coalesce(t.billing_anchor_day, 1)) billing
        left join subscriptions s on s.tenant_id = one.id and s.starts_at <= ledger.at
                                 and (s.ends_at is null or s.ends_at > ledger.at)
    ) facts;

  -- Other limits than the counters were kept for: those that were not kept meanwhile are not right any more.
  if t_counts_for <> t_counted_for then
    delete from usage_counters c using unnest(t_id, t_counts_for, t_counted_for) as one(id, wanted, kept)
      where one.wanted <> one.kept and c.tenant_id = one.id and c.plan_version_id = '';
    update tenant_ledgers l set counted_for = one.wanted
      from unnest(t_id, t_counts_for, t_counted_for) as one(id, wanted, kept)
      where one.wanted <> one.kept and l.tenant_id = one.id;
  end if;

  -- Read: prices, and how much of each price group there is.
  with askers as materialized (
    select distinct a.asker, a.tenant_no, a.tenant_id, a.model_id from unnest(asked) a
  ), priced as materialized (
    -- Of a meter without a price, too, so that nothing has to be joined again: that one's scheme is empty.
    select a.asker, a.tenant_no, a.tenant_id, of_meter.no, p.*,
           dense_rank() over (order by a.tenant_no, of_meter.no, p.model_id collate "C") as price_group
      from askers a
      cross join unnest(meters) with ordinality as of_meter(meter, no)
      left join lateral (
        select p.meter, p.model_id, p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers
          from plan_prices p
          where p.plan_version_id = t_version[a.tenant_no] and p.meter = of_meter.meter and p.model_id in ('', a.model_id)
          order by p.model_id collate "C" desc
          limit 1
      ) p on true
  ), groups as materialized (
    select p.*, coalesce(c.quantity, counted.quantity) as quantity, coalesce(c.amount_micros, counted.amount_micros) as cost
      from (select distinct on (price_group) * from priced order by price_group) p
      left join usage_counters c
        on c.tenant_id = p.tenant_id and c.period = 'BILLING_PERIOD' and c.period_starts_at = t_starts[p.tenant_no]
       and c.plan_version_id = t_version[p.tenant_no] and c.meter = p.meter and c.model_id = p.model_id and c.api_key_id = ''
      left join lateral (
        select coalesce(sum(h.quantity), 0)::bigint as quantity, coalesce(sum(h.amount_micros), 0)::bigint as amount_micros
          from usage_hourly h
          where c.tenant_id is null and p.scheme is not null and h.tenant_id = p.tenant_id and h.hour >= t_starts[p.tenant_no]
            and h.hour < t_ends[p.tenant_no] and h.plan_version_id = t_version[p.tenant_no] and h.meter = p.meter
            and h.price_model_id = p.model_id and not h.is_late
      ) counted on c.tenant_id is null
  )
  select (select array_agg(case when scheme is null then 0 else price_group end order by asker, no) from priced),
         array_agg(tenant_no order by price_group), array_agg(meter order by price_group),
         array_agg(model_id order by price_group), array_agg(scheme order by price_group),
         array_agg(unit_price_micros order by price_group), array_agg(package_size order by price_group),
         array_agg(included order by price_group), array_agg(tiers order by price_group),
         array_agg(meter_scale(meter) order by price_group),
         array_agg(scheme = 'PER_UNIT' and included = 0 and meter <> 'compute_ms' order by price_group),
         array_agg(quantity order by price_group), array_agg(cost order by price_group)
    into a_group, g_tenant, g_meter, g_model, g_scheme, g_unit, g_package, g_included, g_tiers, g_scale, g_is_plain,
         g_quantity, g_cost
    from groups;
  g_quantity_before := g_quantity;

  -- Read: limits, and what is left of each.
  with askers as materialized (
    select distinct a.asker, a.tenant_no, a.tenant_id, coalesce(a.api_key_id, '') as api_key_id, a.model_id from unnest(asked) a
  ), applying as materialized (
    select a.asker, a.tenant_no, a.tenant_id, l.*,
           dense_rank() over (order by a.tenant_no, l.id collate "C", l.key_scope collate "C") as slot
      from askers a
      cross join lateral limits_of(a.tenant_id, t_version[a.tenant_no], a.api_key_id, a.model_id) l
  ), slots as materialized (
    select l.*, span.starts_at, span.ends_at,
           case l.kind
             when 'QUOTA' then array_position(meters, l.meter)
             when 'BUDGET' then 5
             when 'RATE_LIMIT' then case l.meter when 'inputs' then 6 else 7 end
             when 'CONCURRENCY_LIMIT' then 8
             else 9
           end as what,
           l.period is not null and c.tenant_id is null as is_new,
           case l.kind
             when 'QUOTA' then l.quantity - coalesce(c.quantity, (
               select u.quantity from counted_usage(l.tenant_id, span.starts_at, span.ends_at, l.meter, l.model_id, l.key_scope) u))
             when 'BUDGET' then l.quantity - coalesce(c.amount_micros, (
               select u.amount_micros from counted_usage(l.tenant_id, span.starts_at, span.ends_at, '', '', l.key_scope) u))
             when 'RATE_LIMIT' then (
               select bucket_level(max(b.level_micros), max(b.filled_at), clock, l.quantity, l.refill_micros)
                 from rate_buckets b
                 where b.tenant_id = l.tenant_id and b.limit_id = l.id and b.api_key_id = l.key_scope)
             when 'CONCURRENCY_LIMIT' then l.quantity - (
               select count(*) from concurrency_leases e
                 where e.tenant_id = l.tenant_id and e.expires_at > clock and (l.key_scope = '' or e.api_key_id = l.key_scope))
             else l.quantity
           end as left_
      from (select distinct on (slot) * from applying order by slot) l
      cross join lateral (
        select case l.period when 'HOUR' then date_trunc('hour', t_now[l.tenant_no], 'UTC')
                             when 'DAY' then date_trunc('day', t_now[l.tenant_no], 'UTC')
                             when 'BILLING_PERIOD' then t_starts[l.tenant_no] end as starts_at,
               case l.period when 'HOUR' then date_trunc('hour', t_now[l.tenant_no], 'UTC') + interval '1 hour'
                             when 'DAY' then date_trunc('day', t_now[l.tenant_no], 'UTC') + interval '24 hours'
                             when 'BILLING_PERIOD' then t_ends[l.tenant_no] end as ends_at
      ) span
      left join usage_counters c
        on c.tenant_id = l.tenant_id and c.period = l.period and c.period_starts_at = span.starts_at
       and c.plan_version_id = '' and c.meter = coalesce(l.meter, '') and c.model_id = l.model_id and c.api_key_id = l.key_scope
  )
  select (select array_agg(asker order by asker, slot) from applying),
         (select array_agg(slot order by asker, slot) from applying),
         array_agg(tenant_no order by slot), array_agg(id order by slot), array_agg(key_scope order by slot),
         array_agg(kind order by slot), array_agg(mode order by slot), array_agg(meter order by slot),
         array_agg(model_id order by slot), array_agg(period order by slot), array_agg(starts_at order by slot),
         array_agg(ends_at order by slot), array_agg(quantity order by slot), array_agg(refill_micros order by slot),
         array_agg(what order by slot), array_agg(left_ order by slot), array_agg(is_new order by slot)
    into r_asker, r_slot, s_tenant, s_id, s_key, s_kind, s_mode, s_meter, s_model, s_period, s_starts, s_ends, s_most,
         s_refill, s_what, s_left, s_is_new
    from slots;
  s_left_before := s_left;
  -- A meter is recorded where it is priced or limited. Nobody has limits until the first of theirs is met.
  a_counts := array_fill(false, array[cardinality(a_group)]);
  for m in 1 .. cardinality(a_group) loop
    a_counts[m] := a_group[m] > 0;
  end loop;
  r_first := array_fill(1, array[cardinality(a_group) / 4]);
  r_last := array_fill(0, array[cardinality(a_group) / 4]);
  for r in 1 .. coalesce(cardinality(r_slot), 0) loop
    asker := r_asker[r];
    if r_last[asker] = 0 then
      r_first[asker] := r;
    end if;
    r_last[asker] := r;
    if s_what[r_slot[r]] <= 4 then
      a_counts[asker * 4 - 4 + s_what[r_slot[r]]] := true;
    end if;
  end loop;

  -- Decide, one after the other.
  foreach request in array asked loop
    tenant_no := request.tenant_no;
    asker := request.asker;
    ord_ := request.ord;
    quantities := null; amounts := null; is_leased := false; refused_by := null; soft := null; shadow_refusals := 0;
    first_inference := null;

    -- Taken back before it came. Its name is not needed any longer: no charge is sent twice.
    if t_has_abandoned[tenant_no] then
      delete from abandoned_charges where tenant_id = request.tenant_id and usage_event_id = request.event_id;
      if found then
        verdict := 'ABANDONED';
        return next;
        continue;
      end if;
    end if;

    if request.idempotency_key is not null then
      delete from idempotency_keys
        where tenant_id = request.tenant_id and key = request.idempotency_key and expires_at <= clock;
      select * into earlier from idempotency_keys where tenant_id = request.tenant_id and key = request.idempotency_key;
      if found then
        verdict := 'REPEATED';
        first_inference := earlier.inference_id;
        first_event := earlier.usage_event_id;
        first_digest := earlier.request_digest;
        first_version := earlier.model_version_id;
        first_holder := earlier.holder;
        first_charged := earlier.charged;
        first_answer := earlier.answer;
        return next;
        first_event := null; first_digest := null; first_version := null; first_holder := null; first_charged := null;
        first_answer := null;
        continue;
      end if;
    end if;

    -- A price that is not known is refused, never waved through as free.
    if a_group[asker * 4 - 3] = 0 then
      verdict := 'NO_PLAN';
      return next;
      continue;
    end if;

    quantities := array[
      request.quantity,
      case when a_counts[asker * 4 - 2] then request.tokens else 0 end,
      case when a_counts[asker * 4 - 1] then request.explanations else 0 end,
      case when a_counts[asker * 4] then request.compute_us else 0 end];
    amounts := array[0, 0, 0, 0];
    total := 0;
    for m in 1 .. 4 loop
      g := a_group[asker * 4 - 4 + m];
      continue when g = 0 or quantities[m] = 0;
      if g_is_plain[g] then
        amount := quantities[m] * g_unit[g];
      else
        amount := rated_cost(g_scheme[g], g_unit[g], g_package[g], g_included[g], g_tiers[g], g_scale[g],
                             g_quantity[g] + quantities[m]) - g_cost[g];
      end if;
      amounts[m] := amount;
      total := total + amount;
    end loop;

    needs := array[quantities[1], quantities[2], quantities[3], quantities[4], total, request.quantity * 1000000, 1000000,
                   (request.lease_ms is not null)::integer, request.quantity];
    refusing := null; latest := null; soft_slots := null; shadow_slots := null; is_leased := false;
    for r in r_first[asker] .. r_last[asker] loop
      s := r_slot[r];
      need := needs[s_what[s]];
      if s_what[s] = 8 and need > 0 then
        is_leased := true;
      end if;
      continue when need <= s_left[s] or need <= 0;
      if s_mode[s] = 'SOFT' then
        soft_slots := soft_slots || s;
        continue;
      elsif s_mode[s] = 'SHADOW' then
        shadow_slots := shadow_slots || s;
        continue;
      end if;
      -- Of several that refuse, the one that keeps the caller longest is named: the others would refuse less long.
      helps_at := case
        when s_what[s] = 9 then 'infinity'
        when s_what[s] <= 5 then s_ends[s]
        when s_what[s] = 8 then clock
        when need > s_most[s] * 1000000 then 'infinity'
        else clock + make_interval(secs => ((need - s_left[s])::numeric / s_refill[s])::double precision)
      end;
      if refusing is null or helps_at > latest then
        refusing := s;
        latest := helps_at;
      end if;
    end loop;

    if refusing is not null then
      s := refusing;
      verdict := case s_kind[s]
        when 'QUOTA' then 'QUOTA_EXCEEDED'
        when 'BUDGET' then 'BUDGET_EXCEEDED'
        when 'RATE_LIMIT' then 'RATE_LIMITED'
        when 'CONCURRENCY_LIMIT' then 'CONCURRENCY_LIMITED'
        else 'REQUEST_TOO_LARGE'
      end;
      refused_by := limit_json(s_id[s], s_key[s], s_kind[s], s_mode[s], s_meter[s], s_model[s], s_period[s], s_most[s], s_ends[s])
        || jsonb_build_object(
             'left', case when s_what[s] in (6, 7) then s_left[s] / 1000000 else s_left[s] end,
             'requested', case when s_what[s] in (6, 7) then needs[s_what[s]] / 1000000 else needs[s_what[s]] end,
             'retryAfterMs', case when s_what[s] in (6, 7) and latest < 'infinity'
                                  then ceil(extract(epoch from latest - clock) * 1000) end);
      quantities := null;
      amounts := null;
      is_leased := false;
      return next;
      continue;
    end if;

    for m in 1 .. 4 loop
      g := a_group[asker * 4 - 4 + m];
      continue when g = 0 or quantities[m] = 0;
      g_quantity[g] := g_quantity[g] + quantities[m];
      g_cost[g] := g_cost[g] + amounts[m];
    end loop;
    for r in r_first[asker] .. r_last[asker] loop
      s := r_slot[r];
      -- A bucket that is only watched, or soft, gives what it has to those that it lets pass.
      continue when s_what[s] = 9 or (s_what[s] in (6, 7) and needs[s_what[s]] > s_left[s]);
      s_left[s] := s_left[s] - needs[s_what[s]];
      if s_what[s] <= 5 and 2 * s_left[s] <= s_most[s] then
        is_alarming := true;
      end if;
    end loop;
    if soft_slots is not null then
      select jsonb_agg(limit_json(s_id[n], s_key[n], s_kind[n], s_mode[n], s_meter[n], s_model[n], s_period[n], s_most[n], s_ends[n])
                       order by n)
        into soft from unnest(soft_slots) n;
    end if;
    if shadow_slots is not null then
      shadow_refusals := cardinality(shadow_slots);
      shadowed := shadowed || shadow_slots;
    end if;
    if request.idempotency_key is not null then
      insert into idempotency_keys (tenant_id, key, request_digest, inference_id, usage_event_id, model_version_id,
                                    charged, holder, created_at, expires_at)
        select request.tenant_id, request.idempotency_key, request.request_digest, request.inference_id, request.event_id,
               request.model_version_id,
               jsonb_agg(jsonb_build_object('meter', meters[n], 'quantity', quantities[n]::text, 'amountMicros', amounts[n]::text)
                         order by n) filter (where quantities[n] > 0),
               holder_id, clock, clock + interval '24 hours'
          from generate_series(1, 4) n;
    end if;
    request.quantities := quantities;
    request.amounts := amounts;
    request.is_leased := is_leased;
    admitted := admitted || request;
    has_leases := has_leases or is_leased;
    verdict := 'ADMITTED';
    return next;
  end loop;

  -- Write.
  if cardinality(admitted) > 0 then
    with charged as materialized (
      select a.tenant_id, case no when 1 then a.event_id else prefixes[no] || substr(a.event_id, 5) end as id,
             t_now[a.tenant_no] as at, meters[no] as meter, a.quantities[no] as quantity, a.amounts[no] as amount,
             t_version[a.tenant_no] as version,
             coalesce(g_model[nullif(a_group[a.asker * 4 - 4 + no], 0)], '') as price_model_id,
             t_starts[a.tenant_no] as period_starts_at, a.inference_id, a.model_id, a.model_version_id, a.api_key_id, a.user_id,
             a.idempotency_key
        from unnest(admitted) a
        cross join generate_series(1, 4) no
        where a.quantities[no] > 0
    ), written as (
      insert into usage_events (tenant_id, id, occurred_at, meter, quantity, amount_micros, plan_version_id, price_model_id,
                                period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id, user_id,
                                idempotency_key)
        select tenant_id, id, at, meter, quantity, amount, version, price_model_id, period_starts_at, false, inference_id,
               model_id, model_version_id, api_key_id, user_id, idempotency_key
          from charged
    )
    insert into usage_hourly as h (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id,
                                   price_model_id, is_late, quantity, amount_micros, events)
      select tenant_id, date_trunc('hour', at, 'UTC'), meter, model_id, model_version_id, coalesce(api_key_id, ''), version,
             price_model_id, false, sum(quantity), sum(amount), count(*)
        from charged
        group by 1, 2, 3, 4, 5, 6, 7, 8
      on conflict (tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id, is_late) do update
        set quantity = h.quantity + excluded.quantity,
            amount_micros = h.amount_micros + excluded.amount_micros,
            events = h.events + excluded.events;
    update tenant_ledgers l set last_at = t_now[one.no]
      from (select distinct a.tenant_no as no from unnest(admitted) a) one
      where l.tenant_id = t_id[one.no];
  end if;

  -- Whole numbers rather than differences: nobody else can have changed them, and a row that was not there is complete.
  if g_quantity <> g_quantity_before or s_left <> s_left_before or true = any (s_is_new) then
    insert into usage_counters (tenant_id, period, period_starts_at, plan_version_id, meter, model_id, api_key_id, quantity,
                                amount_micros)
      select t_id[one.tenant_no], 'BILLING_PERIOD', t_starts[one.tenant_no], t_version[one.tenant_no], one.meter, one.model_id, '',
             one.quantity, one.cost
        from unnest(g_tenant, g_meter, g_model, g_quantity, g_cost, g_quantity_before)
          as one(tenant_no, meter, model_id, quantity, cost, before)
        where one.quantity <> one.before
      union
      select t_id[one.tenant_no], one.period, one.starts_at, '', coalesce(one.meter, ''), one.model_id, one.key,
             case when one.what <= 4 then one.most - one.left_ else 0 end,
             case when one.what = 5 then one.most - one.left_ else 0 end
        from unnest(s_tenant, s_period, s_starts, s_meter, s_model, s_key, s_what, s_most, s_left, s_left_before, s_is_new)
          as one(tenant_no, period, starts_at, meter, model_id, key, what, most, left_, before, is_new)
        where one.what <= 5 and (one.left_ <> one.before or one.is_new)
      on conflict (tenant_id, period, period_starts_at, plan_version_id, meter, model_id, api_key_id) do update
        set quantity = excluded.quantity, amount_micros = excluded.amount_micros;
  end if;

  if 6 = any (s_what) or 7 = any (s_what) then
    insert into rate_buckets (tenant_id, limit_id, api_key_id, level_micros, filled_at)
      select t_id[one.tenant_no], one.id, one.key, one.left_, clock
        from unnest(s_tenant, s_id, s_key, s_what, s_left, s_left_before) as one(tenant_no, id, key, what, left_, before)
        where one.what in (6, 7) and one.left_ <> one.before
      on conflict (tenant_id, limit_id, api_key_id) do update
        set level_micros = excluded.level_micros, filled_at = greatest(rate_buckets.filled_at, excluded.filled_at);
  end if;

  if has_leases then
    with wanted as (
      select a.*, row_number() over (partition by a.tenant_id order by a.ord) as nth from unnest(admitted) a where a.is_leased
    ), free as (
      select e.tenant_id, e.place, row_number() over (partition by e.tenant_id order by e.place) as nth
        from concurrency_leases e
        where e.tenant_id = any (t_id) and e.expires_at <= clock
    ), taken as (
      select e.tenant_id, max(e.place) as last_place, count(*) filter (where e.expires_at <= clock) as free_places
        from concurrency_leases e
        where e.tenant_id = any (t_id)
        group by e.tenant_id
    )
    insert into concurrency_leases (tenant_id, place, usage_event_id, api_key_id, holder, leased_at, expires_at)
      select w.tenant_id, coalesce(f.place, coalesce(t.last_place, 0) + w.nth - coalesce(t.free_places, 0)), w.event_id,
             coalesce(w.api_key_id, ''), holder_id, clock, clock + w.lease_ms * interval '1 millisecond'
        from wanted w
        left join free f on f.tenant_id = w.tenant_id and f.nth = w.nth
        left join taken t on t.tenant_id = w.tenant_id
      on conflict (tenant_id, place) do update
        set usage_event_id = excluded.usage_event_id, api_key_id = excluded.api_key_id, holder = excluded.holder,
            leased_at = excluded.leased_at, expires_at = excluded.expires_at;
    -- A tenant who had very many requests at once, and has not any more.
    if exists (select from concurrency_leases where tenant_id = any (t_id) and place > 64) then
      delete from concurrency_leases
        where tenant_id = any (t_id) and place > 64 and expires_at <= clock and leased_at < clock - interval '1 minute';
    end if;
  end if;

  -- Every threshold that is reached and was not before, in this period: the key of the table makes it once.
  if is_alarming then
    insert into limit_alerts (tenant_id, limit_id, api_key_id, period_starts_at, threshold, kind, meter, quantity, used, crossed_at)
      select t_id[one.tenant_no], one.id, one.key, one.starts_at, threshold, one.kind, one.meter, one.most,
             one.most - one.left_, t_now[one.tenant_no]
        from unnest(s_tenant, s_id, s_key, s_starts, s_kind, s_mode, s_meter, s_what, s_most, s_left, s_left_before)
          as one(tenant_no, id, key, starts_at, kind, mode, meter, what, most, left_, before)
        cross join unnest(array[50, 80, 100]) threshold
        where one.what <= 5 and one.mode <> 'SHADOW' and one.most > 0 and one.left_ < one.before
          and (one.most - one.left_)::numeric * 100 >= one.most::numeric * threshold
      on conflict do nothing;
  end if;

  if cardinality(shadowed) > 0 then
    insert into limit_shadow_refusals as f (tenant_id, limit_id, api_key_id, period_starts_at, refusals)
      select t_id[s_tenant[n]], s_id[n], s_key[n], coalesce(s_starts[n], date_trunc('day', clock, 'UTC')), count(*)
        from unnest(shadowed) n
        group by 1, 2, 3, 4
      on conflict (tenant_id, limit_id, api_key_id, period_starts_at) do update set refusals = f.refusals + excluded.refusals;
  end if;
end
$$;

create or replace function settle_usage(settlements json)
  returns table (ord_ integer, compute_us bigint, amount_micros bigint)
  language plpgsql
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off
as $$
#variable_conflict use_column
declare
  tenants  text[];
  wanted   record;
  reserved usage_events;
  unused   bigint;
begin
  select array_agg(distinct x.tenant_id) into tenants from json_to_recordset(settlements) as x(tenant_id text);
  perform lock_ledgers(tenants);
  perform end_leases(settlements);
  for wanted in
    select x.ord, x.tenant_id, x.event_id, x.compute_us
      from json_to_recordset(settlements) as x(ord integer, tenant_id text, event_id text, compute_us bigint)
      where x.compute_us is not null
      order by x.tenant_id collate "C", x.event_id collate "C"
  loop
    select * into reserved from usage_events
      where tenant_id = wanted.tenant_id and id = 'usc_' || substr(wanted.event_id, 5) and reverses_id is null;
    continue when not found;
    unused := reserved.quantity - least(reserved.quantity, greatest(wanted.compute_us, 0));
    if unused > 0 and not exists (
      select from usage_events
        where tenant_id = wanted.tenant_id
          and id in ('cor_' || substr(wanted.event_id, 5), 'rvc_' || substr(wanted.event_id, 5))
    ) then
      perform take_back(reserved, 'cor_' || substr(wanted.event_id, 5), unused, 'MEASURED');
    end if;
    ord_ := wanted.ord;
    select sum(e.quantity), sum(e.amount_micros) into compute_us, amount_micros from usage_events e
      where e.tenant_id = wanted.tenant_id and e.id in (reserved.id, 'cor_' || substr(wanted.event_id, 5));
    return next;
  end loop;
end
$$;

create or replace function reverse_usage(reversals json, holder_id text) returns void
  language plpgsql
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
  tenants text[];
  wanted  record;
  of_     record;
  inputs  usage_events;
  event   usage_events;
  claim   idempotency_keys;
  net     bigint;
  now_at  timestamptz := tollgate_now();
begin
  select array_agg(distinct x.tenant_id) into tenants from json_to_recordset(reversals) as x(tenant_id text);
  perform lock_ledgers(tenants);
  perform end_leases(reversals);
  for wanted in
    select x.tenant_id, x.event_id, substr(x.event_id, 5) as name, x.reason
      from json_to_recordset(reversals) as x(tenant_id text, event_id text, reason text)
      order by x.tenant_id collate "C", x.event_id collate "C"
  loop
    select * into inputs from usage_events
      where tenant_id = wanted.tenant_id and id = wanted.event_id and reverses_id is null;
    if not found then
      insert into abandoned_charges (tenant_id, usage_event_id, abandoned_at)
        values (wanted.tenant_id, wanted.event_id, now_at)
        on conflict do nothing;
      -- Nothing is a day on its way.
      delete from abandoned_charges where tenant_id = wanted.tenant_id and abandoned_at < now_at - interval '1 day';
      continue;
    end if;
    continue when exists (select from usage_events where tenant_id = wanted.tenant_id and id = 'rev_' || wanted.name);
    if inputs.idempotency_key is not null then
      select * into claim from idempotency_keys
        where tenant_id = inputs.tenant_id and key = inputs.idempotency_key and usage_event_id = inputs.id for update;
      continue when found and (claim.answer is not null or claim.holder <> holder_id);
    end if;

    for of_ in
      select * from (values ('use_', 'rev_'), ('ust_', 'rvt_'), ('usx_', 'rvx_'), ('usc_', 'rvc_')) as meter(charged, reversed)
    loop
      select * into event from usage_events
        where tenant_id = wanted.tenant_id and id = of_.charged || wanted.name and reverses_id is null;
      continue when not found;
      -- What of it was not given back by a correction.
      net := event.quantity + coalesce((
        select c.quantity from usage_events c where c.tenant_id = wanted.tenant_id and c.id = 'cor_' || wanted.name
           and c.reverses_id = event.id), 0);
      if net > 0 then
        perform take_back(event, of_.reversed || wanted.name, net, wanted.reason);
      end if;
    end loop;
    delete from idempotency_keys
      where tenant_id = wanted.tenant_id and key = inputs.idempotency_key and usage_event_id = wanted.event_id;
  end loop;
end
$$;
