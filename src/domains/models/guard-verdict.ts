import type { AliasGuard } from "./alias-guard.ts";
import { p99Of, type Tally } from "./tally.ts";

export interface Seen {
  /** Of the newest target, which is the one that is guarded. */
  guarded: Tally;
  /** Of the other targets together. */
  others: Tally;
}

/** Why the alias has to go back, in words with the figures; undefined: it need not, or too little was seen to tell. */
export function brokenBound(guard: AliasGuard, { guarded, others }: Seen): string | undefined {
  if (guarded.requests >= guard.minRequests) {
    const broken = errorBound(guard, guarded) ?? latencyBound(guard, guarded, others);
    if (broken !== undefined) return broken;
  }
  return disagreementBound(guard, guarded);
}

function errorBound({ maxErrorRate }: AliasGuard, { requests, failures }: Tally): string | undefined {
  if (maxErrorRate === undefined) return undefined;
  const rate = failures / requests;
  if (rate <= maxErrorRate) return undefined;
  return `${failures} of ${requests} requests failed: an error rate of ${shown(rate)}, where ${maxErrorRate} is allowed`;
}

function latencyBound({ maxP99Ratio, minRequests }: AliasGuard, guarded: Tally, others: Tally): string | undefined {
  if (maxP99Ratio === undefined || others.requests < minRequests) return undefined;
  const [own, usual] = [p99Of(guarded), p99Of(others)];
  if (own <= usual * maxP99Ratio) return undefined;
  return `its p99 is ${shown(own)} ms, ${shown(own / usual)} times the others' ${shown(usual)} ms, where ${maxP99Ratio} times is allowed`;
}

function disagreementBound(
  { maxDisagreement, minRequests }: AliasGuard,
  { compared, disagreed }: Tally,
): string | undefined {
  if (maxDisagreement === undefined || compared < minRequests) return undefined;
  const rate = disagreed / compared;
  if (rate <= maxDisagreement) return undefined;
  return `${disagreed} of ${compared} shadowed requests were answered otherwise: ${shown(rate)}, where ${maxDisagreement} is allowed`;
}

function shown(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
