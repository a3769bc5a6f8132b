import type { LimitInput } from "../../graphql/generated/graphql.ts";
import { microsOf, typed } from "../../micros.ts";

export type LimitKind = LimitInput["kind"];
export type LimitMode = NonNullable<LimitInput["mode"]>;
export type LimitPeriod = NonNullable<LimitInput["period"]>;

/** A limit as somebody types it. */
export interface LimitForm {
  key: string;
  kind: LimitKind;
  mode: LimitMode;
  meter: string;
  model: string;
  period: LimitPeriod;
  /** Units, requests or inputs; of a budget, money. */
  value: string;
  refill: string;
}

export interface ShownLimit {
  id: string;
  kind: LimitKind;
  mode: LimitMode;
  meter: string | null;
  modelId: string | null;
  modelName: string | null;
  period: LimitPeriod | null;
  limit: number;
  refillPerSecond: number | null;
}

/** What each kind has to be told. */
const needs: Record<LimitKind, { meter: boolean; model: boolean; period: boolean; refill: boolean; value: string }> = {
  QUOTA: { meter: true, model: true, period: true, refill: false, value: "Units" },
  BUDGET: { meter: false, model: false, period: true, refill: false, value: "Money" },
  RATE_LIMIT: { meter: true, model: false, period: false, refill: true, value: "At once" },
  CONCURRENCY_LIMIT: { meter: false, model: false, period: false, refill: false, value: "Requests at once" },
  REQUEST_INPUTS: { meter: false, model: false, period: false, refill: false, value: "Inputs in a request" },
};

export function needsOf({ kind }: Pick<LimitForm, "kind">) {
  return needs[kind];
}

export function metersOf({ kind }: Pick<LimitForm, "kind">): readonly string[] {
  return kind === "RATE_LIMIT" ? ["inputs", "requests"] : ["inputs", "tokens", "explanations", "compute_ms"];
}

export function emptyLimit(): LimitForm {
  return {
    key: crypto.randomUUID(),
    kind: "QUOTA",
    mode: "HARD",
    meter: "inputs",
    model: "",
    period: "BILLING_PERIOD",
    value: "",
    refill: "",
  };
}

export function limitFormOf(limit: ShownLimit): LimitForm {
  return {
    key: limit.id,
    kind: limit.kind,
    mode: limit.mode,
    meter: limit.meter ?? "inputs",
    model: limit.modelName ?? "",
    period: limit.period ?? "BILLING_PERIOD",
    value: limit.kind === "BUDGET" ? typed(String(limit.limit)) : String(limit.limit),
    refill: limit.refillPerSecond === null ? "" : String(limit.refillPerSecond),
  };
}

/** What is missing or wrong. */
export function limitProblem(limit: LimitForm): string | undefined {
  if (limit.kind === "BUDGET")
    return microsOf(limit.value) === undefined ? "it needs an amount, such as 100." : undefined;
  if (!isNumber(limit.value)) return "it needs a number.";
  return needsOf(limit).refill && !isNumber(limit.refill) ? "how much flows back in a second?" : undefined;
}

function isNumber(text: string): boolean {
  return /^\d{1,13}(\.\d{1,6})?$/.test(text.trim());
}

export function limitInputOf(limit: LimitForm): LimitInput {
  const { kind, mode } = limit;
  const wanted = needsOf(limit);
  return {
    kind,
    mode,
    ...(kind === "BUDGET" ? { amount: microsOf(limit.value) ?? "0" } : { limit: Number(limit.value) }),
    ...(wanted.meter ? { meter: limit.meter } : {}),
    ...(wanted.model && limit.model !== "" ? { model: limit.model } : {}),
    ...(wanted.period ? { period: limit.period } : {}),
    ...(wanted.refill ? { refillPerSecond: Number(limit.refill) } : {}),
  };
}
