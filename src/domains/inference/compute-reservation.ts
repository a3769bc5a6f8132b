/** A request may be this many times as slow as those of late before what it took is charged only in part. */
const timesUsual = 4;
const leastMs = 1;

/** The compute that so many inputs take if they are as those of late, in whole microseconds: what a price told before rests on. */
export function usualComputeUs(usualMsPerInput: number, inputs: number): number {
  return Math.round(usualMsPerInput * inputs * 1_000);
}

/**
 * The most compute that a request can be charged, in whole microseconds: reserved before it runs, so that no limit on
 * compute is overshot, and corrected to what was measured before it is answered.
 */
export function mostComputeUs(usualMsPerInput: number, inputs: number): number {
  return Math.ceil(Math.max(leastMs, usualMsPerInput * inputs * timesUsual) * 1_000);
}
