-- What all gateways together saw of the targets of an alias, so that a guard judges by the whole of it; and how much of
-- what is answered a shadow is asked as well.

-- Of a shadow: the share of the requests that it gets a copy of.
alter table alias_targets
  add column sample_rate double precision not null default 1 check (sample_rate > 0 and sample_rate <= 1);

-- ---------------------------------------------------------------------------------------------------------------------
-- Counts of one target of one revision of an alias, within a slice of time. Gateways add to them about once a second,
-- where there is anything to add; a slice is a twentieth of the time that is judged, so there are few rows however many
-- requests come. `latencies` counts requests by how long they took, in bins that grow by 6 %.
-- ---------------------------------------------------------------------------------------------------------------------
create table alias_tallies (
  tenant_id        text references tenants (id),
  alias_id         text not null references aliases (id),
  revision         integer not null check (revision > 0),
  model_version_id text not null references model_versions (id),
  slice            timestamptz not null,
  requests         integer not null,
  failures         integer not null,
  compared         integer not null,
  disagreed        integer not null,
  latencies        integer[] not null,
  forget_at        timestamptz not null, -- nobody judges by it any more
  primary key (alias_id, revision, model_version_id, slice)
);
create index alias_tallies_forget on alias_tallies (forget_at);

-- Gateways write and read them for the guards; the tenants' own role has no right to the table.
alter table alias_tallies enable row level security;
alter table alias_tallies force row level security;
create policy all_tenants on alias_tallies to tollgate_system using (true) with check (true);
grant select, insert, update, delete on alias_tallies to tollgate_system;
