const perOctave = 4;
const leastMs = 0.01;
/** Up to more than two minutes: no request waits that long. */
const bucketCount = 96;

/**
 * Counts durations in steps that grow by a fifth: what it says is right to a tenth, and it takes the same few hundred
 * bytes however many it has seen.
 */
export class DurationHistogram {
  readonly #counts = new Uint32Array(bucketCount);

  add(ms: number, times: number): void {
    const bucket = bucketOf(ms);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
  }

  /** Within how many milliseconds this share of the durations lay; 0 where there was none. */
  quantile(share: number): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return 0;
    const rank = Math.max(1, Math.ceil(share * total));
    let seen = 0;
    const bucket = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return bucket === 0 ? 0 : leastMs * 2 ** ((bucket - 0.5) / perOctave);
  }
}

/** Bucket 0 is for what is too short to matter. */
function bucketOf(ms: number): number {
  if (ms < leastMs) return 0;
  return Math.min(bucketCount - 1, 1 + Math.floor(Math.log2(ms / leastMs) * perOctave));
}
