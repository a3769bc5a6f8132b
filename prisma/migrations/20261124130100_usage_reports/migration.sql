-- Reading usage: raw events in the order of their time, months for what is brought in from before, and the word to whoever
-- asked to be told when a limit is nearly used up.

-- A tenant's events, newest first, from any place in them, and the parts of an hour that a report reads. Ids do not do for
-- that: their order is that of a gateway's clock, and of the meters' prefixes. It costs a charge some microseconds.
create index usage_events_of_tenant on usage_events (tenant_id, occurred_at, id);

-- Months from one to another, for events that are brought in from before there was Tollgate. Ten years at the most.
create function make_usage_months(first_month date, last_month date) returns void
  language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if last_month > first_month + interval '10 years' then
    raise exception 'more than ten years of months';
  end if;
  perform pg_advisory_xact_lock(72707370);
  perform make_usage_month(month::date)
    from generate_series(date_trunc('month', first_month::timestamp), date_trunc('month', last_month::timestamp), interval '1 month') month;
end
$$;
revoke execute on function make_usage_months(date, date) from public;
grant execute on function make_usage_months(date, date) to tollgate_system;

-- After much was brought in at once; otherwise Postgres does it by itself.
create function analyze_usage() returns void
  language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  execute 'analyze usage_hourly';
  execute 'analyze usage_daily';
  execute 'analyze usage_events';
end
$$;
revoke execute on function analyze_usage() from public;
grant execute on function analyze_usage() to tollgate_system;

-- In the commit of the charge that crossed the threshold, and once, as the alert is written once.
create function enqueue_limit_alert() returns trigger
  language plpgsql
as $$
begin
  perform enqueue_webhook(new.tenant_id, 'limit.threshold_reached', jsonb_build_object(
    'limitId', new.limit_id,
    'kind', new.kind,
    'meter', new.meter,
    'apiKeyId', nullif(new.api_key_id, ''),
    'threshold', new.threshold,
    'limit', new.quantity::text,
    'used', new.used::text,
    'periodStartsAt', to_char(new.period_starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  ));
  return null;
end
$$;
create trigger limit_alerts_enqueued after insert on limit_alerts for each row execute function enqueue_limit_alert();
