import { TollgateError } from "../../core/errors.ts";
import type { LimitKind, LimitMode, LimitPeriod } from "./limit.ts";
import { isMeter, meters, scaleOf } from "./meter.ts";

/** A limit as somebody asks for it. */
export interface WantedLimit {
  kind: LimitKind;
  mode: LimitMode;
  meter: string | undefined;
  /** The name of the model whose use is limited; undefined: of all. */
  model: string | undefined;
  period: LimitPeriod | undefined;
  /** How much, in units of the meter as it is shown; requests or inputs where there is no meter. */
  limit: number | undefined;
  /** How much money, of a budget. */
  amountMicros: bigint | undefined;
  refillPerSecond: number | undefined;
}

/** The same, after it was found in order: in the ledger's units, with just what its kind needs. */
export interface LimitTerms {
  kind: LimitKind;
  mode: LimitMode;
  meter: string | undefined;
  modelId: string;
  period: LimitPeriod | undefined;
  quantity: bigint;
  refillMicros: bigint | undefined;
}

/** The id of the model of a name, where there is one. */
export type ModelIdOf = (name: string) => string | undefined;

/**
 * The same for a limit of one tenant, which may be of a model of its own. A tenant means its own model before the platform's
 * of that name, as when it asks for answers; an operator means the platform's.
 */
export type ModelIdForTenant = (name: string, of: { tenantId: string; isOperator: boolean }) => string | undefined;

/** @param place where it stands in what was sent, for the error. Throws INVALID_INPUT for what no limit can be. */
export function limitTerms(wanted: WantedLimit, place: string, modelIdOf: ModelIdOf): LimitTerms {
  const { kind, mode } = wanted;
  const at = (field: keyof WantedLimit | "amount") => `${place}.${field}`;
  const base = { kind, mode, meter: undefined, modelId: "", period: undefined, refillMicros: undefined };
  refuseSurplus(wanted, place);
  switch (kind) {
    case "QUOTA": {
      const meter = meterAt(at("meter"), wanted.meter);
      const modelId = wanted.model === undefined ? "" : modelAt(at("model"), wanted.model, modelIdOf);
      const period = needed(at("period"), wanted.period, "HOUR, DAY or BILLING_PERIOD");
      return { ...base, meter, modelId, period, quantity: quantityAt(at("limit"), wanted.limit, scaleOf(meter)) };
    }
    case "BUDGET": {
      const period = needed(at("period"), wanted.period, "HOUR, DAY or BILLING_PERIOD");
      return { ...base, period, quantity: amountAt(at("amount"), wanted.amountMicros) };
    }
    case "RATE_LIMIT": {
      const meter = wanted.meter;
      if (meter !== "inputs" && meter !== "requests") throw wrong(at("meter"), meter, "inputs or requests");
      const quantity = quantityAt(at("limit"), wanted.limit, 1);
      if (quantity < 1n) throw wrong(at("limit"), quantity, "1 or more: the size of the bucket");
      return { ...base, meter, quantity, refillMicros: refillAt(at("refillPerSecond"), wanted.refillPerSecond) };
    }
    case "CONCURRENCY_LIMIT":
    case "REQUEST_INPUTS":
      return { ...base, quantity: quantityAt(at("limit"), wanted.limit, 1) };
  }
}

const fieldsOfKind: Record<LimitKind, (keyof WantedLimit)[]> = {
  QUOTA: ["meter", "model", "period", "limit"],
  BUDGET: ["period", "amountMicros"],
  RATE_LIMIT: ["meter", "limit", "refillPerSecond"],
  CONCURRENCY_LIMIT: ["limit"],
  REQUEST_INPUTS: ["limit"],
};

// What is not looked at would make somebody believe in a limit that there is not.
function refuseSurplus(wanted: WantedLimit, place: string): void {
  const known = new Set<string>(["kind", "mode", ...fieldsOfKind[wanted.kind]]);
  const surplus = Object.entries(wanted).find(([name, value]) => value !== undefined && !known.has(name));
  if (surplus === undefined) return;
  const field = surplus[0] === "amountMicros" ? "amount" : surplus[0];
  throw new TollgateError("INVALID_INPUT", `${place}.${field} says nothing for a ${wanted.kind}; leave it out.`);
}

export function meterAt(place: string, meter: string | undefined): string {
  if (meter !== undefined && isMeter(meter)) return meter;
  throw wrong(place, meter, `one of ${meters.join(", ")}`);
}

export function modelAt(place: string, name: string, modelIdOf: ModelIdOf): string {
  const id = modelIdOf(name);
  if (id !== undefined) return id;
  throw wrong(place, JSON.stringify(name.slice(0, 100)), "the name of a model that this can be for");
}

const mostUnits = 1e12;

/** A quantity in the ledger's units. */
export function quantityAt(place: string, quantity: number | undefined, scale: number): bigint {
  const smallest = (quantity ?? Number.NaN) * scale;
  if (Number.isInteger(smallest) && smallest >= 0 && smallest <= mostUnits * scale) return BigInt(smallest);
  throw wrong(place, quantity, `a whole number from 0 to ${mostUnits}`);
}

const mostMicros = 10n ** 15n;

export function amountAt(place: string, micros: bigint | undefined): bigint {
  if (micros !== undefined && micros >= 0n && micros <= mostMicros) return micros;
  throw wrong(place, micros, `from 0 to ${mostMicros} micro-units`);
}

function refillAt(place: string, perSecond: number | undefined): bigint {
  const micros = Math.round((perSecond ?? Number.NaN) * 1e6);
  if (micros >= 1 && micros <= 1e12) return BigInt(micros);
  throw wrong(place, perSecond, "from 0.000001 to 1000000");
}

function needed<T>(place: string, value: T | undefined, choices: string): T {
  if (value !== undefined) return value;
  throw wrong(place, value, choices);
}

export function wrong(place: string, value: unknown, wanted: string): TollgateError {
  const is = value === undefined ? "is missing" : `is ${String(value)}`;
  return new TollgateError("INVALID_INPUT", `${place} ${is}; it must be ${wanted}.`);
}
