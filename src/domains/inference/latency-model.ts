/** What the model assumes before it has seen a batch. */
const assumedMsPerUnit = 1;
const forgetting = 0.97;
/** How far from what is expected a batch may lie, in typical errors, before it counts as no further than that. */
const clipAt = 3;
const batchesBeforeClipping = 8;

interface Line {
  slope: number;
  constant: number;
}

/**
 * What a batch of so many units (rows, or padded tokens) takes: `a·units + b`, fitted to the batches of late by least
 * squares in which each batch weighs a little less than the one after it. A batch that took far longer than expected
 * (the machine had something else to do) is counted as no more than a few typical errors.
 */
export class LatencyModel {
  #weight = 0;
  #units = 0;
  #unitsSquared = 0;
  #ms = 0;
  #unitsTimesMs = 0;
  #batches = 0;
  #typicalError = 0;
  #line: Line = { slope: assumedMsPerUnit, constant: 0 };

  /** What a unit takes in a batch as they are of late, its part of what every batch takes included. */
  get msPerUnit(): number {
    return this.#units > 0 ? this.#ms / this.#units : assumedMsPerUnit;
  }

  predictMs(units: number): number {
    return this.#line.slope * units + this.#line.constant;
  }

  observe(units: number, ms: number): void {
    const counted = this.#clipped(units, ms);
    this.#batches++;
    this.#weight = this.#weight * forgetting + 1;
    this.#units = this.#units * forgetting + units;
    this.#unitsSquared = this.#unitsSquared * forgetting + units * units;
    this.#ms = this.#ms * forgetting + counted;
    this.#unitsTimesMs = this.#unitsTimesMs * forgetting + units * counted;
    this.#line = this.#fit();
  }

  #clipped(units: number, ms: number): number {
    if (this.#batches === 0) return ms;
    const expected = this.predictMs(units);
    const error = ms - expected;
    const bound = clipAt * this.#typicalError;
    const isClipped = this.#batches >= batchesBeforeClipping && Math.abs(error) > bound;
    // A clipped error still raises what is typical, so that a lasting change is believed within a few dozen batches.
    const counted = isClipped ? Math.sign(error) * bound : error;
    this.#typicalError = Math.max(this.#typicalError * 0.9 + Math.abs(counted) * 0.1, expected * 0.02);
    return expected + counted;
  }

  #fit(): Line {
    const spread = this.#weight * this.#unitsSquared - this.#units * this.#units;
    // All of one size: there is one point, and a line through it and nought.
    if (spread <= 1e-9 * this.#weight * this.#unitsSquared) return { slope: this.#ms / this.#units, constant: 0 };
    const slope = (this.#weight * this.#unitsTimesMs - this.#units * this.#ms) / spread;
    const constant = (this.#ms - slope * this.#units) / this.#weight;
    // More rows take no less time, and no batch takes less than none: the nearest line that knows it.
    if (slope < 0) return { slope: 0, constant: this.#ms / this.#weight };
    return constant < 0 ? { slope: this.#unitsTimesMs / this.#unitsSquared, constant: 0 } : { slope, constant };
  }
}
