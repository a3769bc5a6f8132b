-- How many requests of a tenant were refused or broke, by the hour and the code of their error: for whoever wants to know
-- what goes wrong, and never for a bill. Gateways count in memory and add up here every second, so a crash loses a second
-- of counts. A row for each code that happened in an hour, for 35 days: 35 x 24 x 16 codes of a tenant at the most.
create table error_counts (
  tenant_id text not null,
  hour      timestamptz not null,
  code      text not null,
  count     bigint not null,
  last_at   timestamptz not null,
  primary key (tenant_id, hour, code)
);

-- For forgetting what is old.
create index error_counts_hour on error_counts (hour);

alter table error_counts enable row level security;
alter table error_counts force row level security;
create policy one_tenant on error_counts to tollgate_app using (tenant_id = (select current_tenant_id()));
create policy all_tenants on error_counts to tollgate_system using (true) with check (true);
grant select on error_counts to tollgate_app;
grant select, insert, update, delete on error_counts to tollgate_system;
