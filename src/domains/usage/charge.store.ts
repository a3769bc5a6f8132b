import { z } from "zod";
import type { LimitDetails } from "../../core/errors.ts";
import type { Database } from "../../platform/database.ts";
import { meters, scaleOf } from "../plans/meter.ts";
import type {
  ChargedMeter,
  ChargeRequest,
  ChargeVerdict,
  FirstRequest,
  Release,
  Reversal,
  Settlement,
} from "./charge.ts";

interface ChargeRow {
  ord_: number;
  verdict: ChargeVerdict["kind"];
  quantities: string[] | null;
  amounts: string[] | null;
  is_leased: boolean;
  refused_by: unknown;
  soft: unknown;
  shadow_refusals: number;
  first_inference: string | null;
  first_event: string | null;
  first_digest: string | null;
  first_version: string | null;
  first_holder: string | null;
  first_charged: unknown;
  first_answer: unknown;
}

/** The charge, its settlement and its taking back, as SQL functions of the database (prisma/migrations/*_exact_limits). */
export class ChargeStore {
  readonly #database: Database;
  readonly #instanceId: string;

  /** @param instanceId names this gateway process: it is written down as the holder of what it works on. */
  constructor(database: Database, instanceId: string) {
    this.#database = database;
    this.#instanceId = instanceId;
  }

  /**
   * Gives the leases back of those that are released, then decides all of the requests and writes the events of those
   * admitted, in one commit. Verdicts in the same order.
   */
  async charge(requests: readonly ChargeRequest[], releases: readonly Release[] = []): Promise<ChargeVerdict[]> {
    const rows = await this.#database.chargeSql<ChargeRow>({
      name: "charge-usage",
      text: "select * from charge_usage($1::json, $2::text, $3::json)",
      values: [
        JSON.stringify(requests.map(toRecord)),
        this.#instanceId,
        JSON.stringify(releases.map((one) => ({ tenant_id: one.tenantId, event_id: one.usageEventId }))),
      ],
    });
    const verdicts = new Array<ChargeVerdict>(requests.length);
    for (const row of rows) verdicts[row.ord_] = toVerdict(row);
    if (rows.length !== requests.length) {
      throw new Error(`the charge answered ${rows.length} of ${requests.length} requests`);
    }
    return verdicts;
  }

  /** Ends what was charged, each once. For each with reserved compute: what of it was charged in the end. */
  async settle(settlements: readonly Settlement[]): Promise<(ChargedMeter | undefined)[]> {
    const records = settlements.map((one, ord) => ({
      ord,
      tenant_id: one.tenantId,
      event_id: one.usageEventId,
      compute_us: one.computeUs,
    }));
    const rows = await this.#database.chargeSql<{ ord_: number; compute_us: string; amount_micros: string }>({
      name: "settle-usage",
      text: "select * from settle_usage($1::json)",
      values: [JSON.stringify(records)],
    });
    const settled = settlements.map((): ChargedMeter | undefined => undefined);
    for (const { ord_, compute_us, amount_micros } of rows) {
      settled[ord_] = { meter: "compute_ms", quantity: BigInt(compute_us), amountMicros: BigInt(amount_micros) };
    }
    return settled;
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
}

function toRecord(request: ChargeRequest, ord: number) {
  return {
    ord,
    event_id: request.usageEventId,
    tenant_id: request.tenantId,
    inference_id: request.inferenceId,
    quantity: request.quantity,
    tokens: request.tokens,
    explanations: request.explanations,
    compute_us: request.computeUs,
    model_id: request.modelId,
    model_version_id: request.modelVersionId,
    api_key_id: request.apiKeyId,
    user_id: request.userId,
    idempotency_key: request.idempotencyKey,
    request_digest: request.requestDigest,
    lease_ms: request.leaseMs,
  };
}

function toVerdict(row: ChargeRow): ChargeVerdict {
  switch (row.verdict) {
    case "ADMITTED":
      return {
        kind: "ADMITTED",
        charged: chargedOf(row.quantities ?? [], row.amounts ?? []),
        isLeased: row.is_leased,
        softLimits: row.soft === null ? [] : z.array(limitJson).parse(row.soft).map(toDetails),
        shadowRefusals: row.shadow_refusals,
      };
    case "REPEATED":
      return { kind: "REPEATED", first: toFirst(row) };
    case "QUOTA_EXCEEDED":
    case "BUDGET_EXCEEDED":
    case "RATE_LIMITED":
    case "CONCURRENCY_LIMITED":
    case "REQUEST_TOO_LARGE": {
      const limit = limitJson.parse(row.refused_by);
      return { kind: row.verdict, limit: toDetails(limit), retryAfterMs: limit.retryAfterMs ?? undefined };
    }
    case "NO_PLAN":
    case "ABANDONED":
      return { kind: row.verdict };
  }
}

function toFirst(row: ChargeRow): FirstRequest {
  return {
    charged: chargedJson.parse(row.first_charged),
    inferenceId: row.first_inference ?? "",
    usageEventId: row.first_event ?? "",
    requestDigest: row.first_digest ?? "",
    modelVersionId: row.first_version ?? "",
    holder: row.first_holder ?? "",
    answer: row.first_answer ?? undefined,
  };
}

function chargedOf(quantities: string[], amounts: string[]): ChargedMeter[] {
  return meters.flatMap((meter, place) => {
    const quantity = BigInt(quantities[place] ?? 0);
    return quantity === 0n ? [] : [{ meter, quantity, amountMicros: BigInt(amounts[place] ?? 0) }];
  });
}

const chargedJson = z.array(
  z.object({ meter: z.enum(meters), quantity: z.coerce.bigint(), amountMicros: z.coerce.bigint() }),
) satisfies z.ZodType<ChargedMeter[]>;

const limitJson = z.object({
  id: z.string(),
  scope: z.string(),
  kind: z.string(),
  meter: z.string().nullable(),
  modelId: z.string().nullable(),
  period: z.string().nullable(),
  limit: z.coerce.number(),
  left: z.coerce.number().default(0),
  requested: z.coerce.number().default(0),
  resetsAt: z.string().nullable(),
  retryAfterMs: z.number().nullish(),
});

function toDetails(json: z.infer<typeof limitJson>): LimitDetails {
  const scale = json.kind === "QUOTA" ? scaleOf(json.meter ?? "") : 1;
  return {
    id: json.id,
    kind: json.kind,
    scope: json.scope,
    meter: json.meter ?? undefined,
    model: json.modelId ?? undefined,
    period: json.period ?? undefined,
    limit: json.limit / scale,
    used: (json.limit - json.left) / scale,
    requested: json.requested / scale,
    resetsAt: json.resetsAt ?? undefined,
  };
}
