-- Days, rolled up from hours, for reports that reach far back. Measured as needed: a year of a tenant with 16 keys and two
-- models is 245,000 rows of usage_hourly, which take some hundred milliseconds to add up, and 11,000 days.
--
-- A cache of a cache: what is not there is read from the hours, so all of it may be deleted at any time.
create table usage_daily (
  tenant_id        text not null,
  day              timestamptz not null,
  meter            text not null,
  model_id         text not null,
  model_version_id text not null,
  api_key_id       text not null,
  quantity         bigint not null,
  amount_micros    bigint not null,
  primary key (tenant_id, day, meter, model_version_id, api_key_id)
);

-- Up to where a tenant's days are rolled up, without a gap. A row of a day from then on counts for nothing.
create table usage_daily_spans (
  tenant_id    text primary key,
  rolled_until timestamptz not null
);

do $walls$
declare
  name text;
begin
  foreach name in array array['usage_daily', 'usage_daily_spans'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id = (select current_tenant_id()))', name
    );
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
    execute format('grant select on %I to tollgate_app', name);
    execute format('grant select, insert, update, delete on %I to tollgate_system', name);
  end loop;
end
$walls$;

-- Rolls up a tenant's days until then, a month of them at the most, and says whether there is more to do. Under the lock of
-- the tenant's ledger, so that no hour of them changes in between; a month, because its charges wait meanwhile.
create function roll_usage_days(tenant text, until_ timestamptz) returns boolean
  language plpgsql set search_path = public, pg_temp
as $$
declare
  from_ timestamptz;
  to_   timestamptz;
begin
  perform lock_ledgers(array[tenant]);
  from_ := coalesce(
    (select rolled_until from usage_daily_spans where tenant_id = tenant),
    (select date_trunc('day', min(hour), 'UTC') from usage_hourly where tenant_id = tenant),
    until_
  );
  to_ := least(until_, from_ + interval '31 days');
  delete from usage_daily where tenant_id = tenant and day >= from_;
  insert into usage_daily (tenant_id, day, meter, model_id, model_version_id, api_key_id, quantity, amount_micros)
    select tenant_id, date_trunc('day', hour, 'UTC'), meter, model_id, model_version_id, api_key_id, sum(quantity), sum(amount_micros)
      from usage_hourly
      where tenant_id = tenant and hour >= from_ and hour < to_
      group by 1, 2, 3, 4, 5, 6;
  insert into usage_daily_spans (tenant_id, rolled_until) values (tenant, greatest(from_, to_))
    on conflict (tenant_id) do update set rolled_until = excluded.rolled_until;
  return to_ < until_;
end
$$;

-- An hour of a rolled-up day changed: that day and those after it are rolled up again when it is next time to. Days are
-- rolled up a day after their end at the earliest, so what is charged now does not come here: it costs the comparison.
create function unroll_usage_day() returns trigger
  language plpgsql
as $$
declare
  changed usage_hourly := coalesce(new, old);
begin
  update usage_daily_spans
    set rolled_until = date_trunc('day', changed.hour, 'UTC')
    where tenant_id = changed.tenant_id
      and rolled_until > changed.hour;
  return null;
end
$$;
create trigger usage_hourly_written after insert or update on usage_hourly
  for each row when (new.hour < now() - interval '1 day') execute function unroll_usage_day();
create trigger usage_hourly_deleted after delete on usage_hourly
  for each row when (old.hour < now() - interval '1 day') execute function unroll_usage_day();

revoke execute on function roll_usage_days(text, timestamptz) from public;
grant execute on function roll_usage_days(text, timestamptz) to tollgate_system;
