import { DurationHistogram } from "./duration-histogram.ts";
import type { EngineEvent } from "./engine-events.ts";

type AnsweredBatch = Extract<EngineEvent, { kind: "BATCH_ANSWERED" }>;

/** What one gateway saw of a version in one minute. */
export interface MeasuredMinute {
  startsAt: Date;
  inputs: number;
  batches: number;
  largestBatch: number;
  queueP50Ms: number;
  queueP99Ms: number;
  runP50Ms: number;
  runP99Ms: number;
}

interface Minute {
  /** Minutes since 1970. */
  number: number;
  inputs: number;
  batches: number;
  largestBatch: number;
  queue: DurationHistogram;
  run: DurationHistogram;
}

const minuteMs = 60_000;
const minutesKept = 60;
/** A version's hour takes at most 50 kB. Beyond so many versions, what was asked longest ago is forgotten. */
const mostVersions = 256;

/** What this gateway saw of each version in the last hour, by the minute: how long inputs waited and ran, and together. */
export class VersionMeasurements {
  /** The one that was asked last at the end. */
  readonly #versions = new Map<string, Minute[]>();

  record(batch: Pick<AnsweredBatch, "versionId" | "rows" | "queueMs" | "runMs">, now: Date): void {
    const minute = this.#minuteOf(batch.versionId, Math.floor(now.getTime() / minuteMs));
    minute.inputs += batch.rows;
    minute.batches++;
    minute.largestBatch = Math.max(minute.largestBatch, batch.rows);
    minute.queue.add(batch.queueMs, batch.rows);
    minute.run.add(batch.runMs, batch.rows);
  }

  /** The minutes of the last hour in which it was asked, the oldest first. */
  of(versionId: string, now: Date): MeasuredMinute[] {
    return this.#kept(versionId, now).map((minute) => ({
      startsAt: new Date(minute.number * minuteMs),
      inputs: minute.inputs,
      batches: minute.batches,
      largestBatch: minute.largestBatch,
      queueP50Ms: minute.queue.quantile(0.5),
      queueP99Ms: minute.queue.quantile(0.99),
      runP50Ms: minute.run.quantile(0.5),
      runP99Ms: minute.run.quantile(0.99),
    }));
  }

  /** How many inputs of it were answered each second, over the last whole minute and the present one. */
  inputsPerSecond(versionId: string, now: Date): number {
    const present = Math.floor(now.getTime() / minuteMs);
    const inputs = this.#kept(versionId, now)
      .filter(({ number }) => number >= present - 1)
      .reduce((sum, minute) => sum + minute.inputs, 0);
    return inputs / ((now.getTime() - (present - 1) * minuteMs) / 1_000);
  }

  #kept(versionId: string, now: Date): Minute[] {
    const oldest = Math.floor(now.getTime() / minuteMs) - minutesKept;
    return (this.#versions.get(versionId) ?? []).filter(({ number }) => number > oldest);
  }

  #minuteOf(versionId: string, number: number): Minute {
    const minutes = this.#versions.get(versionId) ?? [];
    const last = minutes.at(-1);
    // A clock that is set back goes on in the minute that it had.
    if (last !== undefined && last.number >= number) return last;
    const minute = {
      number,
      inputs: 0,
      batches: 0,
      largestBatch: 0,
      queue: new DurationHistogram(),
      run: new DurationHistogram(),
    };
    minutes.push(minute);
    while ((minutes[0]?.number ?? number) <= number - minutesKept) minutes.shift();
    this.#versions.delete(versionId);
    this.#versions.set(versionId, minutes);
    if (this.#versions.size > mostVersions) this.#versions.delete(this.#versions.keys().next().value ?? "");
    return minute;
  }
}
