import { type ErrorCode, type LimitDetails, TollgateError } from "../../core/errors.ts";
import type { RefusedByLimit } from "./charge.ts";

const codes = {
  QUOTA_EXCEEDED: "QUOTA_EXCEEDED",
  BUDGET_EXCEEDED: "BUDGET_EXCEEDED",
  RATE_LIMITED: "RATE_LIMITED",
  CONCURRENCY_LIMITED: "CONCURRENCY_LIMITED",
  REQUEST_TOO_LARGE: "INVALID_INPUT",
} as const satisfies Record<RefusedByLimit["kind"], ErrorCode>;

/**
 * What a caller is told whom a limit refused.
 *
 * @param usualMs how long a request takes of late: one of those at work ends after its share of it.
 */
export function refusedByLimit({ kind, limit, retryAfterMs }: RefusedByLimit, usualMs: number): TollgateError {
  const wait =
    kind === "CONCURRENCY_LIMITED" ? Math.max(1, Math.ceil(usualMs / Math.max(1, limit.limit))) : retryAfterMs;
  return new TollgateError(codes[kind], messageOf(kind, limit, wait), {
    limit,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

function messageOf(kind: RefusedByLimit["kind"], limit: LimitDetails, waitMs: number | undefined): string {
  const whose = limit.scope === "tenant" ? "The tenant's" : "The API key's";
  const left = Math.max(0, limit.limit - limit.used);
  const per = limit.period === undefined ? "" : ` for a ${periodNames.get(limit.period) ?? limit.period}`;
  switch (kind) {
    case "QUOTA_EXCEEDED": {
      const of = limit.model === undefined ? "" : ` of the model ${limit.model}`;
      return (
        `${whose} quota of ${limit.limit} ${limit.meter}${of}${per} has ${left} left; this request needs ` +
        `${limit.requested}. It resets at ${limit.resetsAt}.`
      );
    }
    case "BUDGET_EXCEEDED":
      return (
        `${whose} budget of ${limit.limit} micro-units${per} has ${left} left; this request costs ${limit.requested}. ` +
        `It resets at ${limit.resetsAt}.`
      );
    case "RATE_LIMITED":
      return waitMs === undefined
        ? `${whose} rate limit lets ${limit.limit} ${limit.meter} through at once at the most; this request has ${limit.requested}. Split it up.`
        : `${whose} rate limit has ${left} of ${limit.limit} ${limit.meter} left; this request needs ${limit.requested}. Ask again in ${waitMs} ms.`;
    case "CONCURRENCY_LIMITED":
      return `${whose} limit of ${limit.limit} requests at once is reached. Ask again when one is answered.`;
    case "REQUEST_TOO_LARGE":
      return `inputs has ${limit.requested} entries; ${whose.toLowerCase()} limit is ${limit.limit} in a request. Split it up.`;
  }
}

const periodNames = new Map([
  ["HOUR", "hour"],
  ["DAY", "day"],
  ["BILLING_PERIOD", "billing period"],
]);
