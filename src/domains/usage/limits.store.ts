import { z } from "zod";
import type { Database } from "../../platform/database.ts";
import { scaleOf } from "../plans/meter.ts";

/** A limit that applies to a principal, as it stands now. */
export interface LimitStatus {
  id: string;
  kind: string;
  mode: string;
  meter: string | undefined;
  modelId: string | undefined;
  period: string | undefined;
  /** In units of the meter as it is shown, in micro-units of money, in requests or in inputs. */
  limit: number;
  used: number;
  remaining: number;
  resetsAt: Date | undefined;
  retryAfterMs: number | undefined;
  scope: string;
  shadowRefusals: number;
  alerts: { threshold: number; crossedAt: Date }[];
}

interface LimitRow {
  id: string;
  key_scope: string;
  kind: string;
  mode: string;
  meter: string | null;
  model_id: string;
  period: string | null;
  quantity: string;
  used: string;
  resets_at: Date | null;
  retry_after_ms: string | null;
  shadow_refusals: string;
  alerts: unknown;
}

const alertsJson = z.array(z.object({ threshold: z.number(), crossedAt: z.coerce.date() }));

export class LimitsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The limits of the tenant, and those of one of its keys, by the database's clock, which is the one that admits. */
  async limitsOf(tenantId: string, apiKeyId: string | undefined): Promise<LimitStatus[]> {
    const rows = await this.#database.tenantSql<LimitRow>(tenantId, {
      name: "limits-now",
      text: "select * from limits_now($1, $2)",
      values: [tenantId, apiKeyId ?? ""],
    });
    return rows.map(toStatus);
  }
}

function toStatus(row: LimitRow): LimitStatus {
  const scale = row.kind === "QUOTA" ? scaleOf(row.meter ?? "") : 1;
  const limit = Number(row.quantity) / scale;
  const used = Number(row.used) / scale;
  return {
    id: row.id,
    kind: row.kind,
    mode: row.mode,
    meter: row.meter ?? undefined,
    modelId: row.model_id || undefined,
    period: row.period ?? undefined,
    limit,
    used,
    remaining: Math.max(0, limit - used),
    resetsAt: row.resets_at ?? undefined,
    retryAfterMs: row.retry_after_ms === null ? undefined : Number(row.retry_after_ms),
    scope: row.key_scope || "tenant",
    shadowRefusals: Number(row.shadow_refusals),
    alerts: alertsJson.parse(row.alerts),
  };
}
