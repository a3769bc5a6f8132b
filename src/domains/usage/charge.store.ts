import type { Database, Sql, SqlQuery } from "../../platform/database.ts";
import type { ChargeRequest, ChargeVerdict, Reversal } from "./charge.ts";

interface ChargeRow {
  ord_: number;
  verdict: ChargeVerdict["kind"];
  unit_price: string;
  quota: string | null;
  used_before: string;
  resets_at: Date;
  first_inference: string | null;
  first_event: string | null;
  first_digest: string | null;
  first_version: string | null;
  first_holder: string | null;
  first_answer: unknown;
}

/** The charge and its taking back, as SQL functions of the database (prisma/migrations/*_charge). */
export class ChargeStore {
  readonly #database: Database;
  readonly #instanceId: string;

  /** @param instanceId names this gateway process: it is written down as the holder of what it works on. */
  constructor(database: Database, instanceId: string) {
    this.#database = database;
    this.#instanceId = instanceId;
  }

  /** Decides all of the requests and writes the events of those admitted, in one commit. Verdicts in the same order. */
  async charge(requests: readonly ChargeRequest[]): Promise<ChargeVerdict[]> {
    return verdictsOf(requests, await this.#database.chargeSql<ChargeRow>(this.#chargeQuery(requests)));
  }

  /** The same within a transaction: the events are committed together with what they pay for, or not at all. */
  async chargeWithin(sql: Sql, requests: readonly ChargeRequest[]): Promise<ChargeVerdict[]> {
    return verdictsOf(requests, (await sql(this.#chargeQuery(requests))) as ChargeRow[]);
  }

  /** Takes the charges back, each once. One that has not come by now is refused when it does. */
  async reverse(reversals: readonly Reversal[]): Promise<void> {
    const records = reversals.map((one) => ({
      tenant_id: one.tenantId,
      event_id: one.usageEventId,
      reason: one.reason,
    }));
    await this.#database.chargeSql({
      name: "reverse-usage",
      text: "select reverse_usage($1::json, $2::text)",
      values: [JSON.stringify(records), this.#instanceId],
    });
  }

  #chargeQuery(requests: readonly ChargeRequest[]): SqlQuery {
    return {
      name: "charge-usage",
      text: "select * from charge_usage($1::json, $2::text)",
      values: [JSON.stringify(requests.map(toRecord)), this.#instanceId],
    };
  }
}

function verdictsOf(requests: readonly ChargeRequest[], rows: readonly ChargeRow[]): ChargeVerdict[] {
  const verdicts = new Array<ChargeVerdict>(requests.length);
  for (const row of rows) verdicts[row.ord_] = toVerdict(row, requests[row.ord_]?.quantity ?? 0);
  if (rows.length !== requests.length) {
    throw new Error(`the charge answered ${rows.length} of ${requests.length} requests`);
  }
  return verdicts;
}

function toRecord(request: ChargeRequest, ord: number) {
  return {
    ord,
    event_id: request.usageEventId,
    tenant_id: request.tenantId,
    inference_id: request.inferenceId,
    quantity: request.quantity,
    model_id: request.modelId,
    model_version_id: request.modelVersionId,
    api_key_id: request.apiKeyId,
    user_id: request.userId,
    idempotency_key: request.idempotencyKey,
    request_digest: request.requestDigest,
  };
}

function toVerdict(row: ChargeRow, requested: number): ChargeVerdict {
  switch (row.verdict) {
    case "ADMITTED":
      return {
        kind: "ADMITTED",
        unitPriceMicros: BigInt(row.unit_price),
        remaining: row.quota === null ? undefined : Number(row.quota) - Number(row.used_before) - requested,
      };
    case "REPEATED":
      return {
        kind: "REPEATED",
        first: {
          unitPriceMicros: BigInt(row.unit_price),
          inferenceId: row.first_inference ?? "",
          usageEventId: row.first_event ?? "",
          requestDigest: row.first_digest ?? "",
          modelVersionId: row.first_version ?? "",
          holder: row.first_holder ?? "",
          answer: row.first_answer ?? undefined,
        },
      };
    case "QUOTA_EXCEEDED":
      return {
        kind: "QUOTA_EXCEEDED",
        limit: {
          kind: "QUOTA",
          meter: "inputs",
          limit: Number(row.quota),
          used: Number(row.used_before),
          requested,
          resetsAt: row.resets_at.toISOString(),
        },
      };
    case "NO_PLAN":
    case "ABANDONED":
      return { kind: row.verdict };
  }
}
