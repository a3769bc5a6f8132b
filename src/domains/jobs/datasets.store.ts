import type { Database } from "../../platform/database.ts";
import type { Dataset, DatasetFormat } from "./dataset.ts";

export interface NewDataset {
  id: string;
  format: DatasetFormat;
  createdBy: string;
  lengthBytes: number | undefined;
  retentionDays: number;
}

interface DatasetRow {
  tenant_id: string;
  id: string;
  format: DatasetFormat;
  state: Dataset["state"];
  size_bytes: string;
  length_bytes: string | null;
  created_at: Date;
  ready_at: Date | null;
  expires_at: Date;
}

export class DatasetsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(tenantId: string, id: string): Promise<Dataset | undefined> {
    const rows = await this.#database.tenantSql<DatasetRow>(tenantId, {
      name: "find-dataset",
      text: "select * from datasets where tenant_id = $1 and id = $2",
      values: [tenantId, id],
    });
    return rows[0] === undefined ? undefined : toDataset(rows[0]);
  }

  /** The dataset, made now if there is none with this id. TOO_MANY where the tenant has `most`. */
  async ensure(tenantId: string, dataset: NewDataset, most: number): Promise<Dataset | "TOO_MANY"> {
    return await this.#database.tenantTransaction(tenantId, async (sql) => {
      const [row] = await sql({
        name: "insert-dataset",
        text: `
          insert into datasets (tenant_id, id, format, created_by, length_bytes, expires_at)
            select $1, $2, $3, $4, $5, now() + make_interval(days => $6::integer)
              where (select count(*) from datasets where tenant_id = $1) < $7
            on conflict (tenant_id, id) do nothing
            returning *`,
        values: [
          tenantId,
          dataset.id,
          dataset.format,
          dataset.createdBy,
          dataset.lengthBytes ?? null,
          dataset.retentionDays,
          most,
        ],
      });
      if (row !== undefined) return toDataset(row as DatasetRow);
      const [there] = await sql({
        name: "find-dataset",
        text: "select * from datasets where tenant_id = $1 and id = $2",
        values: [tenantId, dataset.id],
      });
      return there === undefined ? "TOO_MANY" : toDataset(there as DatasetRow);
    });
  }

  /**
   * Adds bytes at the end, and commits them with the new size. False where the end is not at `offset` any more: somebody
   * else is uploading it too, or an earlier try of this chunk came through.
   */
  async append(
    tenantId: string,
    id: string,
    { offset, bytes }: { offset: number; bytes: Uint8Array },
  ): Promise<boolean> {
    return await this.#database.tenantTransaction(tenantId, async (sql) => {
      const moved = await sql({
        name: "grow-dataset",
        text: `
          update datasets set size_bytes = size_bytes + $4
            where tenant_id = $1 and id = $2 and size_bytes = $3 and state = 'UPLOADING'
            returning 1`,
        values: [tenantId, id, offset, bytes.length],
      });
      if (moved.length === 0) return false;
      await sql({
        name: "insert-chunk",
        text: "insert into dataset_chunks (tenant_id, dataset_id, start_byte, bytes) values ($1, $2, $3, $4)",
        values: [tenantId, id, offset, bytes],
      });
      return true;
    });
  }

  /** Nothing can be added to it any more. */
  async complete(tenantId: string, id: string, sizeBytes: number): Promise<Dataset | undefined> {
    const rows = await this.#database.tenantSql<DatasetRow>(tenantId, {
      name: "complete-dataset",
      text: `
        update datasets set state = 'READY', ready_at = now(), length_bytes = size_bytes
          where tenant_id = $1 and id = $2 and size_bytes = $3 and state = 'UPLOADING'
          returning *`,
      values: [tenantId, id, sizeBytes],
    });
    return rows[0] === undefined ? undefined : toDataset(rows[0]);
  }

  /** IN_USE while a job has not read it to its end. */
  async delete(tenantId: string, id: string): Promise<"DELETED" | "IN_USE" | undefined> {
    return await this.#database.tenantTransaction(tenantId, async (sql) => {
      const [held] = await sql({
        text: "select 1 from datasets where tenant_id = $1 and id = $2 for update",
        values: [tenantId, id],
      });
      if (held === undefined) return undefined;
      const [reading] = await sql({
        text: "select 1 from jobs where tenant_id = $1 and dataset_id = $2 and finished_at is null and items_total is null limit 1",
        values: [tenantId, id],
      });
      if (reading !== undefined) return "IN_USE";
      await sql({ text: "delete from datasets where tenant_id = $1 and id = $2", values: [tenantId, id] });
      return "DELETED";
    });
  }

  /** The chunk that holds the byte, with where it starts. */
  async chunkAt(tenantId: string, id: string, byte: number): Promise<{ start: number; bytes: Buffer } | undefined> {
    const [row] = await this.#database.tenantSql<{ start_byte: string; bytes: Buffer }>(tenantId, {
      name: "chunk-at",
      text: `
        select start_byte, bytes from dataset_chunks
          where tenant_id = $1 and dataset_id = $2 and start_byte <= $3
          order by start_byte desc limit 1`,
      values: [tenantId, id, byte],
    });
    return row === undefined ? undefined : { start: Number(row.start_byte), bytes: row.bytes };
  }
}

function toDataset(row: DatasetRow): Dataset {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    format: row.format,
    state: row.state,
    sizeBytes: Number(row.size_bytes),
    lengthBytes: row.length_bytes === null ? undefined : Number(row.length_bytes),
    createdAt: row.created_at,
    readyAt: row.ready_at ?? undefined,
    expiresAt: row.expires_at,
  };
}
