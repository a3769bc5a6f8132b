-- The registry: versions that are registered while the gateway runs, tenants' own models, offers, and aliases that move.

-- ---------------------------------------------------------------------------------------------------------------------
-- Artifacts: who has brought which file. The bytes lie in the artifact store under their digest, once for everybody who
-- brought them; a row here is what lets a tenant name them. tenant_id empty: the platform's.
-- ---------------------------------------------------------------------------------------------------------------------
create table artifacts (
  id         text primary key,
  tenant_id  text references tenants (id),
  digest     text not null check (digest ~ '^[0-9a-f]{64}$'),
  bytes      bigint not null check (bytes > 0),
  created_by text not null,
  created_at timestamptz not null default now(),
  unique nulls not distinct (tenant_id, digest)
);
create index artifacts_digest on artifacts (digest);

-- ---------------------------------------------------------------------------------------------------------------------
-- Models: a tenant's own are its alone; the platform's are offered to all, or to the tenants that have a row below.
-- ---------------------------------------------------------------------------------------------------------------------
alter table models add column is_offered_to_all boolean not null default false;
update models set is_offered_to_all = true where tenant_id is null;
alter table models add constraint models_offered check (tenant_id is null or not is_offered_to_all);

create table model_offers (
  tenant_id  text not null references tenants (id),
  model_id   text not null references models (id),
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, model_id)
);
create index model_offers_model on model_offers (model_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Versions: where each stands. `requested` is what it was registered with; the manifest is whole, and stands from READY on.
-- ---------------------------------------------------------------------------------------------------------------------
alter table model_versions
  alter column manifest drop not null,
  add column state            text not null default 'READY'
    check (state in ('SCANNING', 'VALIDATING', 'WARMING', 'READY', 'DRAINING', 'RETIRED', 'REJECTED', 'QUARANTINED')),
  add column state_reason     text,
  add column state_changed_at timestamptz not null default now(),
  add column requested        jsonb,
  add column registered_by    text,                       -- empty: it came with the models folder
  add column holder           text,                       -- the gateway instance that brings it to its next state
  add column attempts         integer not null default 0; -- how often one began to
update model_versions set state = 'RETIRED' where retired_at is not null;
alter table model_versions
  alter column state set default 'SCANNING',
  add constraint model_versions_whole
    check (manifest is not null or state in ('SCANNING', 'VALIDATING', 'WARMING', 'REJECTED'));

-- The same bytes are one version of a model, however many ask at once. Those that came to an end do not stand in the way.
create unique index model_versions_digest on model_versions (model_id, digest)
  where state not in ('RETIRED', 'REJECTED', 'QUARANTINED');
create index model_versions_unfinished on model_versions (state)
  where state in ('SCANNING', 'VALIDATING', 'WARMING', 'DRAINING');

-- ---------------------------------------------------------------------------------------------------------------------
-- Aliases: a revision for each move, which is never changed. `returns_to` is the revision that a roll back goes to.
-- ---------------------------------------------------------------------------------------------------------------------
alter table aliases
  add column revision integer not null default 1 check (revision > 0),
  add column guard    jsonb;

create table alias_revisions (
  id         text primary key,
  tenant_id  text references tenants (id),
  alias_id   text not null references aliases (id),
  revision   integer not null check (revision > 0),
  targets    jsonb not null,
  returns_to integer check (returns_to < revision),
  cause      text not null check (cause in ('FIRST_VERSION', 'POINTED', 'ROLLED_BACK', 'GUARD', 'QUARANTINE')),
  reason     text,
  actor_id   text not null,
  created_at timestamptz not null default now(),
  unique (alias_id, revision)
);
insert into alias_revisions (id, tenant_id, alias_id, revision, targets, cause, actor_id)
select 'alr_' || substr(a.id, 5), a.tenant_id, a.id, 1,
       coalesce((select jsonb_agg(jsonb_build_object('modelVersionId', t.model_version_id, 'weight', t.weight))
                   from alias_targets t where t.alias_id = a.id), '[]'),
       'FIRST_VERSION', 'tollgate'
  from aliases a;

-- ---------------------------------------------------------------------------------------------------------------------
-- The second wall. A model of the platform is seen by the tenants that it is offered to, and so is what hangs on it:
-- the sub-selects below are themselves behind the wall of the table that they read.
-- ---------------------------------------------------------------------------------------------------------------------
do $walls$
declare
  name text;
begin
  foreach name in array array['artifacts', 'model_offers', 'alias_revisions'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
  end loop;
end
$walls$;

create policy one_tenant on artifacts to tollgate_app
  using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()));
create policy one_tenant on model_offers to tollgate_app
  using (tenant_id = (select current_tenant_id())) with check (false);

drop policy one_tenant on models;
create policy one_tenant on models to tollgate_app
  using (
    tenant_id = (select current_tenant_id())
    or tenant_id is null and (is_offered_to_all or id in (select model_id from model_offers))
  )
  with check (tenant_id = (select current_tenant_id()));
drop policy one_tenant on model_versions;
create policy one_tenant on model_versions to tollgate_app
  using (tenant_id = (select current_tenant_id()) or tenant_id is null and model_id in (select id from models))
  with check (tenant_id = (select current_tenant_id()));
drop policy one_tenant on aliases;
create policy one_tenant on aliases to tollgate_app
  using (tenant_id = (select current_tenant_id()) or tenant_id is null and model_id in (select id from models))
  with check (tenant_id = (select current_tenant_id()));
drop policy one_tenant on alias_targets;
create policy one_tenant on alias_targets to tollgate_app
  using (tenant_id = (select current_tenant_id()) or tenant_id is null and alias_id in (select id from aliases))
  with check (tenant_id = (select current_tenant_id()));
create policy one_tenant on alias_revisions to tollgate_app
  using (tenant_id = (select current_tenant_id()) or tenant_id is null and alias_id in (select id from aliases))
  with check (tenant_id = (select current_tenant_id()));

-- A tenant's own models are written behind its wall; the platform's, and what a gateway does by itself, by the system.
grant select, insert on artifacts, models, model_versions, aliases, alias_targets, alias_revisions to tollgate_app;
grant update (state, state_reason, state_changed_at, holder) on model_versions to tollgate_app;
grant update (revision, guard) on aliases to tollgate_app;
grant delete on alias_targets to tollgate_app, tollgate_system;
grant select on model_offers to tollgate_app;
grant select, insert, delete on artifacts, model_offers to tollgate_system;
grant select, insert on alias_revisions to tollgate_system;

-- ---------------------------------------------------------------------------------------------------------------------
-- What replicas remember of models and must read again.
-- ---------------------------------------------------------------------------------------------------------------------
create trigger models_changed after update on models
  for each row execute function notify_changed('tollgate_models', 'id');
create trigger model_offers_changed after insert or delete on model_offers
  for each row execute function notify_changed('tollgate_models', 'model_id');
