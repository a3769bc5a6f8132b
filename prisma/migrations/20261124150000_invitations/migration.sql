-- Invitations: how somebody becomes a member. The link that is handed to them holds a secret, of which only the hash is
-- kept; whoever accepts needs it and the password of the invited address, so neither alone opens a tenant.
create table invitations (
  id          text primary key,
  tenant_id   text not null references tenants (id),
  email       text not null check (email = lower(email)),
  role        text not null check (role in ('OWNER', 'ADMIN', 'DEVELOPER', 'FINANCE')),
  secret_hash bytea not null check (length(secret_hash) = 32),
  invited_by  text not null,
  created_at  timestamptz not null,
  expires_at  timestamptz not null check (expires_at > created_at),
  accepted_at timestamptz,
  revoked_at  timestamptz,
  check (accepted_at is null or revoked_at is null)
);
create index invitations_tenant on invitations (tenant_id, id);

alter table invitations enable row level security;
alter table invitations force row level security;
create policy one_tenant on invitations to tollgate_app
  using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()));
create policy all_tenants on invitations to tollgate_system using (true) with check (true);

-- The tenant's role makes them and takes them back. Who accepts one has no tenant yet, so the system's finds it.
grant select, insert, update (revoked_at) on invitations to tollgate_app;
grant select, update (accepted_at) on invitations to tollgate_system;

-- Members are changed and removed by their own tenant alone.
grant update (role), delete on members to tollgate_app;
