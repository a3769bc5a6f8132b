import type { AliasGuard } from "./alias-guard.ts";

/** What came of one request to a version. */
export interface Outcome {
  /** On the clock of performance.now(). */
  at: number;
  ms: number;
  /** Failed on our side: the model broke, or had not answered at the deadline. */
  isFailed: boolean;
}

/** Whether a shadow answered as the version did that it shadows. */
export interface Comparison {
  at: number;
  agrees: boolean;
}

export interface Seen {
  /** Of the newest target, which is the one that is guarded. */
  guarded: readonly Outcome[];
  /** Of the other targets together. */
  others: readonly Outcome[];
  comparisons: readonly Comparison[];
}

/** Why the alias has to go back, in words with the figures; undefined: it need not, or too little was seen to tell. */
export function brokenBound(guard: AliasGuard, seen: Seen, now: number): string | undefined {
  const since = now - guard.windowSeconds * 1000;
  const isRecent = ({ at }: { at: number }) => at >= since;
  const guarded = seen.guarded.filter(isRecent);
  if (guarded.length >= guard.minRequests) {
    const broken = errorBound(guard, guarded) ?? latencyBound(guard, guarded, seen.others.filter(isRecent));
    if (broken !== undefined) return broken;
  }
  return disagreementBound(guard, seen.comparisons.filter(isRecent));
}

function errorBound({ maxErrorRate }: AliasGuard, guarded: readonly Outcome[]): string | undefined {
  if (maxErrorRate === undefined) return undefined;
  const failed = guarded.filter((outcome) => outcome.isFailed).length;
  const rate = failed / guarded.length;
  if (rate <= maxErrorRate) return undefined;
  return `${failed} of ${guarded.length} requests failed: an error rate of ${shown(rate)}, where ${maxErrorRate} is allowed`;
}

function latencyBound(
  { maxP99Ratio, minRequests }: AliasGuard,
  guarded: readonly Outcome[],
  others: readonly Outcome[],
): string | undefined {
  if (maxP99Ratio === undefined || others.length < minRequests) return undefined;
  const [own, usual] = [p99Of(guarded), p99Of(others)];
  if (own <= usual * maxP99Ratio) return undefined;
  return `its p99 is ${shown(own)} ms, ${shown(own / usual)} times the others' ${shown(usual)} ms, where ${maxP99Ratio} times is allowed`;
}

function disagreementBound(
  { maxDisagreement, minRequests }: AliasGuard,
  comparisons: readonly Comparison[],
): string | undefined {
  if (maxDisagreement === undefined || comparisons.length < minRequests) return undefined;
  const differing = comparisons.filter(({ agrees }) => !agrees).length;
  const rate = differing / comparisons.length;
  if (rate <= maxDisagreement) return undefined;
  return `${differing} of ${comparisons.length} shadowed requests were answered otherwise: ${shown(rate)}, where ${maxDisagreement} is allowed`;
}

export function p99Of(outcomes: readonly Outcome[]): number {
  const sorted = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
}

function shown(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
