import type pg from "pg";
import type { Abandoned } from "../core/abandonment.ts";
import { TollgateError } from "../core/errors.ts";
import { TenantPool, withTenant } from "./tenant-scope.ts";

export interface StreamedQuery<Row extends pg.QueryResultRow, T> {
  text: string;
  values: unknown[];
  map: (row: Row) => T;
  /** Tells that nobody reads on: the query then stops, even before its first row. */
  abandoned: Abandoned;
}

/** Long reads that go on at once on one gateway: each holds a connection for as long as its reader takes. */
const maxStreams = 4;
const rowsAtATime = 2_000;
// For the first rows of a query that has to sort or add up before it has any. What is read after them is read in moments.
const firstRowsWithinMs = 60_000;

/** The long reads of this gateway, on connections of their own: nothing else waits for a reader who takes his time. */
export class LongReads {
  readonly pool: TenantPool;
  #open = 0;

  constructor(config: pg.PoolConfig) {
    this.pool = new TenantPool({
      ...config,
      max: maxStreams,
      statement_timeout: firstRowsWithinMs,
      query_timeout: firstRowsWithinMs + 1_000,
      // So that the server notices a reader who left while it still looks for the first row.
      options: "-c client_connection_check_interval=500",
    });
  }

  /** Reads through a cursor of the server, so neither side ever holds more than some thousand rows. */
  async *read<Row extends pg.QueryResultRow, T>(tenantId: string, query: StreamedQuery<Row, T>): AsyncGenerator<T[]> {
    if (this.#open >= maxStreams) {
      throw new TollgateError("OVERLOADED", `${maxStreams} long reads go on. Try again when one has ended.`, {
        retryAfterMs: 10_000,
      });
    }
    this.#open += 1;
    try {
      yield* readOn(await withTenant(tenantId, () => this.pool.connect()), query);
    } finally {
      this.#open -= 1;
    }
  }
}

async function* readOn<Row extends pg.QueryResultRow, T>(
  client: pg.PoolClient,
  query: StreamedQuery<Row, T>,
): AsyncGenerator<T[]> {
  let isReleased = false;
  // Ending the connection ends the transaction and its cursor.
  const release = (endsConnection: boolean) => {
    if (!isReleased) client.release(endsConnection);
    isReleased = true;
  };
  const abandon = () => release(true);
  query.abandoned.addEventListener("abort", abandon);
  try {
    if (query.abandoned.aborted) return;
    await client.query("begin isolation level repeatable read, read only");
    await client.query({ text: `declare wanted no scroll cursor for ${query.text}`, values: query.values });
    for (;;) {
      const { rows } = await client.query<Row>(`fetch ${rowsAtATime} from wanted`);
      if (rows.length > 0) yield rows.map(query.map);
      if (rows.length < rowsAtATime) break;
    }
    await client.query("commit");
    release(false);
  } finally {
    query.abandoned.removeEventListener("abort", abandon);
    release(true);
  }
}
