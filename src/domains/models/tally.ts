/** What was seen of a version behind an alias. */
export interface Tally {
  requests: number;
  /** Of these, how many failed on our side: the model broke, or had not answered at the deadline. */
  failures: number;
  /** Of a shadow: how many of its answers were compared with those that it shadows, and how many differed. */
  compared: number;
  disagreed: number;
  /** How many of the requests took how long, by bin. */
  latencies: number[];
}

/** Bins grow by 6 %, so what is read from one is at most 3 % off; the last is for all that took longer. */
const bins = 256;
const growth = 1.06;
const smallestMs = 0.05;

export function emptyTally(): Tally {
  return { requests: 0, failures: 0, compared: 0, disagreed: 0, latencies: new Array<number>(bins).fill(0) };
}

export function countRequest(tally: Tally, { ms, isFailed }: { ms: number; isFailed: boolean }): void {
  tally.requests++;
  if (isFailed) tally.failures++;
  const bin = binOf(ms);
  tally.latencies[bin] = (tally.latencies[bin] ?? 0) + 1;
}

export function countComparison(tally: Tally, agrees: boolean): void {
  tally.compared++;
  if (!agrees) tally.disagreed++;
}

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const { requests, failures, compared, disagreed, latencies } of tallies) {
    sum.requests += requests;
    sum.failures += failures;
    sum.compared += compared;
    sum.disagreed += disagreed;
    for (const [bin, count] of latencies.entries()) sum.latencies[bin] = (sum.latencies[bin] ?? 0) + count;
  }
  return sum;
}

/** The time within which 99 of 100 requests came to their end, to within 3 %; 0 where there were none. */
export function p99Of({ requests, latencies }: Tally): number {
  let left = Math.ceil(requests * 0.99);
  if (left === 0) return 0;
  for (const [bin, count] of latencies.entries()) {
    left -= count;
    if (left <= 0) return middleOf(bin);
  }
  return middleOf(bins - 1);
}

function binOf(ms: number): number {
  const bin = Math.floor(Math.log(ms / smallestMs) / Math.log(growth));
  return Math.min(bins - 1, Math.max(0, bin));
}

function middleOf(bin: number): number {
  return smallestMs * growth ** (bin + 0.5);
}
