-- Of each address a tenant has one link that works. Two invitations that came at once may have left two: the newer stays.
update invitations older
  set revoked_at = greatest(now(), older.created_at)
  where older.accepted_at is null and older.revoked_at is null
    and exists (
      select 1
        from invitations newer
        where newer.tenant_id = older.tenant_id and newer.email = older.email
          and newer.accepted_at is null and newer.revoked_at is null and newer.id > older.id);

create unique index invitations_open on invitations (tenant_id, email) where accepted_at is null and revoked_at is null;
