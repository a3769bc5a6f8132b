import { messageOf, TollgateError } from "../../core/errors.ts";
import type { BatchFacts } from "./accepted-request.ts";
import { computeShares } from "./compute-shares.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { Batch, BatchEntry, Lane } from "./lane.ts";
import { type Runner, RunnerGone } from "./runner.ts";
import type { RunnerPool } from "./runner-pool.ts";
import { isAllFinite, type Row } from "./tensor.ts";

/**
 * Brings batches from the lanes to the runners, and their answers to the requests. A runner has one batch at a time. A
 * second one in its pipe was tried: under full load it brought nothing for digits and a tenth for mails, and whoever
 * came next waited for two batches instead of one.
 */
export class Dispatcher {
  readonly #lanes: Iterable<Lane>;
  readonly #onEvent: (event: EngineEvent) => void;
  #pool: RunnerPool | undefined;
  #isScheduled = false;
  /** The served time of the lane that was chosen last; a lane that begins to wait starts from there. */
  #servedMs = 0;

  constructor(lanes: Iterable<Lane>, onEvent: (event: EngineEvent) => void) {
    this.#lanes = lanes;
    this.#onEvent = onEvent;
  }

  serve(pool: RunnerPool): void {
    this.#pool = pool;
  }

  /** To be called when rows come into a lane that had none waiting: time in which it asked for nothing is no credit. */
  wake(lane: Lane): void {
    lane.servedMs = Math.max(lane.servedMs, this.#servedMs);
  }

  /** Once per turn of the event loop: all requests that come in one turn can share a batch. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.dispatch();
    });
  }

  dispatch(): void {
    for (;;) {
      const runner = this.#pool?.idleRunner();
      const lane = runner === undefined ? undefined : this.#nextLane();
      if (runner === undefined || lane === undefined) return;
      this.#servedMs = lane.servedMs;
      const batch = lane.nextBatch();
      if (batch !== undefined) void this.#run(runner, batch);
    }
  }

  /** Lanes share the runners by time: next is the one that had least of it. */
  #nextLane(): Lane | undefined {
    let next: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.isWaiting && (next === undefined || lane.servedMs < next.servedMs)) next = lane;
    }
    return next;
  }

  async #run(runner: Runner, { lane, entries, left }: Batch): Promise<void> {
    const sentAt = performance.now();
    const expectedMs = lane.msPerRow * entries.length;
    lane.servedMs += expectedMs;
    try {
      const { rows, runMs } = await runner.run(lane.version, entries.map(rowOf), latestDeadline(entries));
      const roundTripMs = performance.now() - sentAt;
      lane.measure(entries.length, roundTripMs);
      lane.servedMs += roundTripMs - expectedMs;
      this.dispatch();
      // What a runner says of itself is believed no further than what was seen from here.
      const facts = { sentAt, runMs: Math.min(runMs, roundTripMs), size: entries.length };
      const costs = entries.map(({ row }) => lane.version.layout.costOf(row));
      answerAll(entries, rows, { ...facts, shares: computeShares(Math.round(facts.runMs * 1000), costs) });
      const versionId = lane.version.id;
      this.#onEvent({
        kind: "BATCH_ANSWERED",
        versionId,
        rows: entries.length,
        left,
        runMs,
        roundTripMs,
        provider: "CPU",
      });
    } catch (error) {
      lane.servedMs += performance.now() - sentAt - expectedMs;
      this.#recover(lane, entries, error);
      this.dispatch();
    }
  }

  #recover(lane: Lane, entries: BatchEntry[], error: unknown): void {
    if (error instanceof RunnerGone && !error.wasBegun) {
      lane.putBack(entries);
      return;
    }
    const isHalved = !(error instanceof RunnerGone) && entries.length > 1;
    const reason = messageOf(error);
    this.#onEvent({ kind: "BATCH_FAILED", versionId: lane.version.id, rows: entries.length, reason, isHalved });
    if (isHalved) lane.halve(entries);
    else for (const { accepted, position } of entries) accepted.fail(failureOf(error, position));
  }
}

function failureOf(error: unknown, position: number): TollgateError {
  const what =
    error instanceof RunnerGone
      ? "The process that ran the model ended while it worked on the inputs; another one has taken over."
      : `The model broke on inputs[${position}].`;
  return new TollgateError("MODEL_FAILED", what, { cause: error });
}

function answerAll(
  entries: readonly BatchEntry[],
  rows: readonly Row[],
  facts: BatchFacts & { shares: readonly number[] },
): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const row = rows[i];
    if (entry === undefined || row === undefined) continue;
    if (row.every(isAllFinite)) entry.accepted.answer(entry.position, row, facts, facts.shares[i] ?? 0);
    else
      entry.accepted.fail(
        new TollgateError(
          "MODEL_FAILED",
          `The model answered inputs[${entry.position}] with a number that is not finite.`,
        ),
      );
  }
}

function rowOf(entry: BatchEntry): Row {
  return entry.row;
}

/** As long as one caller waits for it, a batch may run. */
function latestDeadline(entries: readonly BatchEntry[]): number {
  let latest = 0;
  for (const { accepted } of entries) latest = Math.max(latest, accepted.request.deadlineAt);
  return latest;
}
