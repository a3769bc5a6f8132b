-- The charge: one statement decides a whole group of requests, each against its tenant's quota, and writes the usage
-- events of those that it admits. Committed before any of them is answered.
--
-- What two callers at once see: the first thing done for a tenant is to lock its quota_usage row, in tenant order, so
-- charges and reversals of one tenant run one after the other, on however many replicas, and cannot deadlock. Under READ
-- COMMITTED every later statement of the function reads what the one before it in the queue committed. So `used` is
-- exact, and an idempotency key is looked up and claimed without a race.
--
-- Roads not taken: a set-based running sum refuses a small request because of a large one refused before it, though a
-- refusal must consume nothing; deciding in the gateway holds the lock over two more round trips.

create type charge_request as (
  ord               integer,
  event_id          text,
  tenant_id         text,
  inference_id      text,
  quantity          bigint,
  model_id          text,
  model_version_id  text,
  api_key_id        text,
  user_id           text,
  idempotency_key   text,
  request_digest    text,
  plan_version_id   text,     -- filled in on admission
  unit_price_micros bigint    -- filled in on admission
);

create function charge_usage(requests json, holder_id text)
  returns table (
    ord_             integer,
    verdict          text,            -- ADMITTED, REPEATED, QUOTA_EXCEEDED, NO_PLAN or ABANDONED
    unit_price       bigint,
    quota            bigint,          -- null: none
    used_before      bigint,
    resets_at        timestamptz,
    first_inference  text,            -- the rest only for REPEATED: what the first request with this key left
    first_event      text,
    first_digest     text,
    first_version    text,
    first_holder     text,
    first_answer     jsonb
  )
  language plpgsql
as $$
#variable_conflict use_column
declare
  now_at       timestamptz := clock_timestamp();
  month        timestamptz := date_trunc('month', now_at, 'UTC');
  next_month   timestamptz := (month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  asked        charge_request[];
  request      charge_request;
  admitted     charge_request[] := '{}';
  tenant       text;
  plan         record;
  tenant_used  bigint := 0;
  tenant_added bigint := 0;
  has_abandoned boolean;
  earlier      idempotency_keys;
begin
  select array_agg(
           row(x.ord, x.event_id, x.tenant_id, x.inference_id, x.quantity, x.model_id, x.model_version_id, x.api_key_id,
               x.user_id, x.idempotency_key, x.request_digest, null, null)::charge_request
           order by x.tenant_id collate "C", x.ord)
    into asked
    from json_to_recordset(requests) as x(
           ord integer, event_id text, tenant_id text, inference_id text, quantity bigint, model_id text,
           model_version_id text, api_key_id text, user_id text, idempotency_key text, request_digest text);

  foreach request in array asked loop
    if request.tenant_id is distinct from tenant then
      if tenant_added > 0 then
        update quota_usage set used = used + tenant_added
          where tenant_id = tenant and meter = 'inputs' and period_starts_at = month;
      end if;
      tenant := request.tenant_id;
      tenant_added := 0;
      select used into tenant_used from quota_usage
        where tenant_id = tenant and meter = 'inputs' and period_starts_at = month for update;
      if not found then
        insert into quota_usage (tenant_id, meter, period_starts_at, used) values (tenant, 'inputs', month, 0)
          on conflict do nothing;
        select used into tenant_used from quota_usage
          where tenant_id = tenant and meter = 'inputs' and period_starts_at = month for update;
      end if;
      select s.plan_version_id, p.unit_price_micros, q.quantity as quota into plan
        from subscriptions s
        join plan_prices p on p.plan_version_id = s.plan_version_id and p.meter = 'inputs'
        left join plan_quotas q on q.plan_version_id = s.plan_version_id and q.meter = 'inputs'
        where s.tenant_id = tenant and s.starts_at <= now_at and (s.ends_at is null or s.ends_at > now_at);
      has_abandoned := exists (select from abandoned_charges a where a.tenant_id = tenant);
    end if;

    ord_ := request.ord;
    unit_price := plan.unit_price_micros;
    quota := plan.quota;
    used_before := tenant_used + tenant_added;
    resets_at := next_month;
    first_inference := null; first_event := null; first_digest := null; first_version := null; first_holder := null;
    first_answer := null;

    -- Taken back before it came. Its name is not needed any longer: no charge is sent twice.
    if has_abandoned then
      delete from abandoned_charges where tenant_id = tenant and usage_event_id = request.event_id;
      if found then
        verdict := 'ABANDONED';
        return next;
        continue;
      end if;
    end if;

    if request.idempotency_key is not null then
      delete from idempotency_keys
        where tenant_id = tenant and key = request.idempotency_key and expires_at <= now_at;
      select * into earlier from idempotency_keys where tenant_id = tenant and key = request.idempotency_key;
      if found then
        verdict := 'REPEATED';
        unit_price := earlier.unit_price_micros;
        first_inference := earlier.inference_id;
        first_event := earlier.usage_event_id;
        first_digest := earlier.request_digest;
        first_version := earlier.model_version_id;
        first_holder := earlier.holder;
        first_answer := earlier.answer;
        return next;
        continue;
      end if;
    end if;

    -- A price that is not known is refused, never waved through as free.
    if plan.plan_version_id is null then
      verdict := 'NO_PLAN';
      return next;
      continue;
    end if;

    if plan.quota is not null and used_before + request.quantity > plan.quota then
      verdict := 'QUOTA_EXCEEDED';
      return next;
      continue;
    end if;

    request.plan_version_id := plan.plan_version_id;
    request.unit_price_micros := plan.unit_price_micros;
    admitted := admitted || request;
    tenant_added := tenant_added + request.quantity;
    if request.idempotency_key is not null then
      insert into idempotency_keys (tenant_id, key, request_digest, inference_id, usage_event_id, model_version_id,
                                    unit_price_micros, holder, created_at, expires_at)
        values (tenant, request.idempotency_key, request.request_digest, request.inference_id, request.event_id,
                request.model_version_id, plan.unit_price_micros, holder_id, now_at, now_at + interval '24 hours');
    end if;
    verdict := 'ADMITTED';
    return next;
  end loop;

  if tenant_added > 0 then
    update quota_usage set used = used + tenant_added
      where tenant_id = tenant and meter = 'inputs' and period_starts_at = month;
  end if;

  insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, unit_price_micros, inference_id,
                            model_id, model_version_id, api_key_id, user_id, idempotency_key)
    select a.tenant_id, a.event_id, now_at, 'inputs', a.quantity, a.plan_version_id, a.unit_price_micros, a.inference_id,
           a.model_id, a.model_version_id, a.api_key_id, a.user_id, a.idempotency_key
    from unnest(admitted) a;

  insert into usage_hourly as h (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id,
                                 quantity, amount_micros, events)
    select a.tenant_id, date_trunc('hour', now_at, 'UTC'), 'inputs', a.model_id, a.model_version_id,
           coalesce(a.api_key_id, ''), a.plan_version_id, sum(a.quantity), sum(a.quantity * a.unit_price_micros), count(*)
    from unnest(admitted) a
    group by a.tenant_id, a.model_id, a.model_version_id, coalesce(a.api_key_id, ''), a.plan_version_id
    on conflict (tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id) do update
      set quantity = h.quantity + excluded.quantity,
          amount_micros = h.amount_micros + excluded.amount_micros,
          events = h.events + excluded.events;
end
$$;

-- Takes charges back, for work that failed on our side. Takes each event back once, however often it is asked.
-- The reversing event carries the time of the one that it reverses, so quota and report of that hour get it back, and
-- recorded_at says when it was written. An idempotency key without an answer is freed: its repeat is charged anew. But a
-- key that another gateway has taken over, or that has its answer, keeps its charge: somebody holds that answer, or will.
-- (Taking over and storing an answer are updates of the same row, so one of the two waits for the other and then sees what
-- it did.)
--
-- An event that is not there is written down as abandoned, so that its charge, which may still be on its way, is refused
-- when it comes. Waiting instead until it can no longer come knows no bound: a statement that was sent into a cut network
-- arrives when the network is whole again.
create function reverse_usage(reversals json, holder_id text) returns void
  language plpgsql
as $$
declare
  wanted  record;
  event   usage_events;
  claim   idempotency_keys;
  back_id text;
  now_at  timestamptz := clock_timestamp();
begin
  for wanted in
    select x.tenant_id, x.event_id, x.reason
      from json_to_recordset(reversals) as x(tenant_id text, event_id text, reason text)
      order by x.tenant_id collate "C", x.event_id collate "C"
  loop
    select * into event from usage_events
      where tenant_id = wanted.tenant_id and id = wanted.event_id and reverses_id is null;
    if not found then
      -- Every row that the charge can hold by now, so that it is either seen below or sees what is written here.
      insert into quota_usage (tenant_id, meter, period_starts_at, used)
        select distinct wanted.tenant_id, 'inputs', date_trunc('month', moment, 'UTC'), 0
          from unnest(array[now_at - interval '1 hour', now_at]) as moment
        on conflict do nothing;
      perform 1 from quota_usage where tenant_id = wanted.tenant_id order by meter, period_starts_at for update;
      select * into event from usage_events
        where tenant_id = wanted.tenant_id and id = wanted.event_id and reverses_id is null;
      if not found then
        insert into abandoned_charges (tenant_id, usage_event_id, abandoned_at)
          values (wanted.tenant_id, wanted.event_id, now_at)
          on conflict do nothing;
        -- Nothing is a day on its way.
        delete from abandoned_charges
          where tenant_id = wanted.tenant_id and abandoned_at < now_at - interval '1 day';
        continue;
      end if;
    end if;
    back_id := 'rev_' || substr(event.id, 5);

    perform 1 from quota_usage
      where tenant_id = event.tenant_id and meter = event.meter
        and period_starts_at = date_trunc('month', event.occurred_at, 'UTC')
      for update;
    continue when exists (
      select from usage_events where tenant_id = event.tenant_id and id = back_id and occurred_at = event.occurred_at
    );
    if event.idempotency_key is not null then
      select * into claim from idempotency_keys
        where tenant_id = event.tenant_id and key = event.idempotency_key and usage_event_id = event.id for update;
      continue when found and (claim.answer is not null or claim.holder <> holder_id);
    end if;

    insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, unit_price_micros, inference_id,
                              model_id, model_version_id, api_key_id, user_id, idempotency_key, reverses_id, reason)
      values (event.tenant_id, back_id, event.occurred_at, event.meter, -event.quantity, event.plan_version_id,
              event.unit_price_micros, event.inference_id, event.model_id, event.model_version_id, event.api_key_id,
              event.user_id, event.idempotency_key, event.id, wanted.reason);
    update quota_usage set used = used - event.quantity
      where tenant_id = event.tenant_id and meter = event.meter
        and period_starts_at = date_trunc('month', event.occurred_at, 'UTC');
    update usage_hourly
      set quantity = quantity - event.quantity,
          amount_micros = amount_micros - event.quantity * event.unit_price_micros,
          events = events + 1
      where tenant_id = event.tenant_id and hour = date_trunc('hour', event.occurred_at, 'UTC') and meter = event.meter
        and model_version_id = event.model_version_id and api_key_id = coalesce(event.api_key_id, '')
        and plan_version_id = event.plan_version_id;
    delete from idempotency_keys
      where tenant_id = event.tenant_id and key = event.idempotency_key and usage_event_id = event.id;
  end loop;
end
$$;

revoke execute on function charge_usage(json, text), reverse_usage(json, text) from public;
grant execute on function charge_usage(json, text), reverse_usage(json, text) to tollgate_system;
