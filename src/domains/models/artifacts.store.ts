import { newId } from "../../core/ids.ts";
import type { Database } from "../../platform/database.ts";

export interface Artifact {
  digest: string;
  bytes: number;
}

/** Whose an artifact, a model or a version is: a tenant, or undefined for the platform. */
export type Owner = string | undefined;

/** Who has brought which file. The bytes themselves lie in the artifact store. */
export class ArtifactsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(owner: Owner, digest: string): Promise<Artifact | undefined> {
    const [row] = await this.#sql<{ bytes: string }>(owner, {
      name: "find-artifact",
      text: `
        select bytes
        from artifacts
        where tenant_id is not distinct from $1
          and digest = $2`,
      values: [owner ?? null, digest],
    });
    return row === undefined ? undefined : { digest, bytes: Number(row.bytes) };
  }

  /** What the owner's artifacts take of the store, in bytes. */
  async bytesOf(owner: Owner): Promise<number> {
    const [row] = await this.#sql<{ bytes: string }>(owner, {
      name: "bytes-of-artifacts",
      text: "select coalesce(sum(bytes), 0) as bytes from artifacts where tenant_id is not distinct from $1",
      values: [owner ?? null],
    });
    return Number(row?.bytes ?? 0);
  }

  /**
   * Books a file that lies in the store as the owner's. False where it is gone again: the last of its other owners gave
   * it up in the same moment. The lock is the one of `forget`, so one of the two sees what the other did.
   */
  async add(
    { owner, digest, bytes, actorId }: Artifact & { owner: Owner; actorId: string },
    isThere: () => Promise<boolean>,
  ): Promise<boolean> {
    return await this.#database.systemTransaction(async (sql) => {
      await sql(lockOf(digest));
      if (!(await isThere())) return false;
      await sql({
        text: `
          insert into artifacts (id, tenant_id, digest, bytes, created_by)
          values ($1, $2, $3, $4, $5)
          on conflict (tenant_id, digest) do nothing`,
        values: [newId("artifact"), owner ?? null, digest, bytes, actorId],
      });
      return true;
    });
  }

  /** Digests of artifacts that were brought a day ago or longer and that no version of their owner names. */
  async unused(): Promise<string[]> {
    const rows = await this.#database.systemSql<{ digest: string }>({
      text: `
        select distinct digest
        from artifacts a
        where created_at < now() - interval '1 day'
          and ${isUnnamed}`,
    });
    return rows.map((row) => row.digest);
  }

  /** Of these digests, those that nobody has brought. */
  async unknownOf(digests: readonly string[]): Promise<string[]> {
    if (digests.length === 0) return [];
    const rows = await this.#database.systemSql<{ digest: string }>({
      name: "unknown-artifacts",
      text: `
        select digest
        from unnest($1::text[]) as kept (digest)
        where not exists (select from artifacts a where a.digest = kept.digest)`,
      values: [digests],
    });
    return rows.map((row) => row.digest);
  }

  /** Strikes the unused artifacts of a digest from the book; `removeFile` is called where nobody has it any more. */
  async forget(digest: string, removeFile: () => Promise<void>): Promise<void> {
    await this.#database.systemTransaction(async (sql) => {
      await sql(lockOf(digest));
      await sql({
        text: `
          delete from artifacts a
          where digest = $1
            and created_at < now() - interval '1 day'
            and ${isUnnamed}`,
        values: [digest],
      });
      const left = await sql({ text: "select from artifacts where digest = $1 limit 1", values: [digest] });
      if (left.length === 0) await removeFile();
    });
  }

  async #sql<Row extends object>(owner: Owner, query: { name: string; text: string; values: unknown[] }) {
    if (owner === undefined) return await this.#database.systemSql<Row>(query);
    return await this.#database.tenantSql<Row>(owner, query);
  }
}

// A version that was rejected never ran and never will; every other one may be looked into, or loaded, again.
const isUnnamed = `not exists (
            select from model_versions v
            where v.digest = a.digest
              and v.tenant_id is not distinct from a.tenant_id
              and v.state <> 'REJECTED'
          )`;

function lockOf(digest: string) {
  return { text: "select pg_advisory_xact_lock(72707374, hashtext($1))", values: [digest] };
}
