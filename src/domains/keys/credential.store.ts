import type { Database } from "../../platform/database.ts";

/** A key as it is stored, for the one who checks a credential against it. */
export interface StoredCredential {
  id: string;
  tenantId: string;
  secretHash: Uint8Array;
  permissions: string[];
  allowedCidrs: string[];
  expiresAt: Date | undefined;
  isRevoked: boolean;
}

interface Row {
  id: string;
  tenant_id: string;
  secret_hash: Buffer;
  permissions: string[];
  allowed_cidrs: string[];
  expires_at: Date | null;
  revoked_at: Date | null;
}

/** Reads and marks keys across tenants: whose key it is, is known only after it was read. */
export class CredentialStore {
  readonly #database: Pick<Database, "systemSql">;

  constructor(database: Pick<Database, "systemSql">) {
    this.#database = database;
  }

  async find(id: string): Promise<StoredCredential | undefined> {
    const [row] = await this.#database.systemSql<Row>({
      name: "credential-by-id",
      text: `
        select id, tenant_id, secret_hash, permissions, allowed_cidrs, expires_at, revoked_at
        from api_keys
        where id = $1`,
      values: [id],
    });
    if (row === undefined) return undefined;
    return {
      id: row.id,
      tenantId: row.tenant_id,
      secretHash: row.secret_hash,
      permissions: row.permissions,
      allowedCidrs: row.allowed_cidrs,
      expiresAt: row.expires_at ?? undefined,
      isRevoked: row.revoked_at !== null,
    };
  }

  /**
   * Notes when keys were last used, in one statement. Rows are locked in the order of their ids, so that replicas which
   * note the same keys wait for each other instead of deadlocking; an older time never replaces a newer one.
   */
  async recordUses(lastUsedMs: ReadonlyMap<string, number>): Promise<void> {
    await this.#database.systemSql({
      name: "record-key-uses",
      text: `
        with used as (
          select k.id, to_timestamp(u.ms / 1000) as at
          from api_keys k
          join unnest($1::text[], $2::double precision[]) as u (id, ms) on u.id = k.id
          order by k.id
          for no key update of k
        )
        update api_keys k
        set last_used_at = greatest(k.last_used_at, used.at)
        from used
        where k.id = used.id`,
      values: [[...lastUsedMs.keys()], [...lastUsedMs.values()]],
    });
  }
}
