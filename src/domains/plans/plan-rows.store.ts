import { z } from "zod";
import type { Micros } from "../../core/money.ts";
import { shownQuantity } from "./meter.ts";

/** A price as people read it: quantities in the units that it is for. */
export interface PlanPrice {
  meter: string;
  modelId: string | undefined;
  scheme: string;
  unitPriceMicros: Micros;
  packageSize: number | undefined;
  included: number;
  tiers: { upTo: number | undefined; unitPriceMicros: Micros; flatFeeMicros: Micros }[];
}

/** A limit as people read it. */
export interface PlanLimit {
  id: string;
  appliesTo: string;
  kind: string;
  mode: string;
  meter: string | undefined;
  modelId: string | undefined;
  period: string | undefined;
  limit: number;
  refillPerSecond: number | undefined;
}

interface PriceRow {
  meter: string;
  modelId: string;
  scheme: string;
  unitPriceMicros: bigint;
  packageSize: bigint | null;
  included: bigint;
  tiers: unknown;
}

interface LimitRow {
  kind: string;
  mode: string;
  meter: string | null;
  modelId: string;
  period: string | null;
  quantity: bigint;
  refillMicros: bigint | null;
}

const tiersJson = z.array(
  z.object({
    upTo: z.coerce.bigint().nullable(),
    unitPriceMicros: z.coerce.bigint(),
    flatMicros: z.coerce.bigint(),
  }),
);

export function priceOfRow(row: PriceRow): PlanPrice {
  const shown = (quantity: bigint) => shownQuantity(row.meter, quantity);
  return {
    meter: row.meter,
    modelId: row.modelId || undefined,
    scheme: row.scheme,
    unitPriceMicros: row.unitPriceMicros,
    packageSize: row.packageSize === null ? undefined : shown(row.packageSize),
    included: shown(row.included),
    tiers: tiersJson.parse(row.tiers).map(({ upTo, unitPriceMicros, flatMicros }) => ({
      upTo: upTo === null ? undefined : shown(upTo),
      unitPriceMicros,
      flatFeeMicros: flatMicros,
    })),
  };
}

export function limitOfRow(row: LimitRow & { id: string; appliesTo: string }): PlanLimit {
  return {
    id: row.id,
    appliesTo: row.appliesTo,
    kind: row.kind,
    mode: row.mode,
    meter: row.meter ?? undefined,
    modelId: row.modelId || undefined,
    period: row.period ?? undefined,
    limit: row.kind === "QUOTA" ? shownQuantity(row.meter ?? "", row.quantity) : Number(row.quantity),
    refillPerSecond: row.refillMicros === null ? undefined : Number(row.refillMicros) / 1e6,
  };
}
