import { messageOf, TollgateError } from "../../core/errors.ts";
import type { BatchFacts } from "./accepted-request.ts";
import { computeShares } from "./compute-shares.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { Batch, BatchEntry, Lane } from "./lane.ts";
import { type Runner, RunnerGone } from "./runner.ts";
import type { Slots } from "./slots.ts";
import { isAllFinite, type Row } from "./tensor.ts";
import { isOutOfMemory } from "./warm-up.ts";

export interface DispatcherOptions {
  lanes: Iterable<Lane>;
  slots: Slots;
  /** A runner that is idle and holds the lane's version. Where there is none, one is brought about. */
  runnerFor: (lane: Lane) => Runner | undefined;
  /** The batch broke its runner, or the memory it has. */
  onBreak: (lane: Lane, entries: readonly BatchEntry[], reason: string) => void;
  /** Whether it was what the runner runs on that failed, and the batch may run elsewhere. */
  judge: (lane: Lane, runner: Runner, error: unknown) => "ELSEWHERE" | "NOWHERE" | undefined;
  onEvent: (event: EngineEvent) => void;
}

/**
 * Brings batches from the lanes to the runners, and their answers to the requests. A runner has one batch at a time. A
 * second one in its pipe was tried: under full load it brought nothing for digits and a tenth for mails, and whoever
 * came next waited for two batches instead of one.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #isScheduled = false;
  #alarm: NodeJS.Timeout | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
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
    while (this.#options.slots.isFree) {
      const next = this.#next();
      if (next === undefined) return;
      const batch = next.lane.nextBatch();
      if (batch !== undefined) void this.#run(next.runner, batch);
    }
  }

  close(): void {
    clearTimeout(this.#alarm);
  }

  /** The lane whose turn it is of those that a runner can take a batch of now. */
  #next(): { lane: Lane; runner: Runner } | undefined {
    for (const lane of this.#inTurn()) {
      const runner = this.#options.runnerFor(lane);
      if (runner !== undefined) return { lane, runner };
    }
    return undefined;
  }

  /** Lanes share the slots as their tenants do: first is the one of the tenant who had least of them, over all lanes. */
  #inTurn(): Lane[] {
    const waiting: Lane[] = [];
    let alarmAt = Number.POSITIVE_INFINITY;
    for (const lane of this.#options.lanes) {
      if (!lane.isWaiting) continue;
      const { dueAt } = lane;
      if (dueAt > 0 && dueAt > performance.now()) alarmAt = Math.min(alarmAt, dueAt);
      else waiting.push(lane);
    }
    if (alarmAt < Number.POSITIVE_INFINITY) this.#setAlarm(alarmAt);
    return waiting.length > 1 ? sortedByTurn(waiting) : waiting;
  }

  #setAlarm(at: number): void {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => this.dispatch(), Math.max(1, Math.ceil(at - performance.now())));
  }

  async #run(runner: Runner, batch: Batch): Promise<void> {
    const { lane, entries } = batch;
    const sentAt = performance.now();
    const giveBack = this.#options.slots.take(lane.model.predictMs(unitsOf(entries)));
    try {
      const { rows, runMs } = await runner.run(lane.version, entries.map(rowOf), latestDeadline(entries));
      const roundTripMs = performance.now() - sentAt;
      giveBack();
      settleAccounts(entries, roundTripMs);
      lane.measure({ rows: entries.length, units: unitsOf(entries), tookMs: roundTripMs });
      this.dispatch();
      this.#answer(runner, batch, { rows, sentAt, roundTripMs, runMs: Math.min(runMs, roundTripMs) });
    } catch (error) {
      giveBack();
      settleAccounts(entries, performance.now() - sentAt);
      this.#recover(runner, batch, error);
      this.dispatch();
    }
  }

  /** @param answered `runMs` is no more than what was seen from here: a runner is not believed further than that. */
  #answer(
    runner: Runner,
    { lane, entries, left, formMs }: Batch,
    answered: { rows: Row[]; sentAt: number; roundTripMs: number; runMs: number },
  ): void {
    const { rows, sentAt, roundTripMs, runMs } = answered;
    const splitFrom = performance.now();
    const { provider } = runner.group;
    const shares = computeShares(
      Math.round(runMs * 1000),
      entries.map(({ units }) => units),
    );
    answerAll(entries, rows, { facts: { sentAt, runMs, size: entries.length, provider }, shares });
    this.#options.onEvent({
      kind: "BATCH_ANSWERED",
      versionId: lane.version.id,
      rows: entries.length,
      left,
      queueMs: sentAt - earliestAcceptance(entries),
      formMs,
      runMs,
      roundTripMs,
      splitMs: performance.now() - splitFrom,
      provider,
    });
  }

  #recover(runner: Runner, { lane, entries }: Batch, error: unknown): void {
    if (error instanceof RunnerGone && !error.wasBegun) {
      lane.putBack(entries);
      return;
    }
    const verdict = this.#options.judge(lane, runner, error);
    if (verdict === "ELSEWHERE") {
      lane.putBack(entries);
      return;
    }
    const isHalved = !(error instanceof RunnerGone) && verdict === undefined && entries.length > 1;
    const reason = messageOf(error);
    this.#options.onEvent({ kind: "BATCH_FAILED", versionId: lane.version.id, rows: entries.length, reason, isHalved });
    if (isHalved) {
      lane.halve(entries);
      return;
    }
    const isAlone = entries.length === 1;
    for (const { accepted, position } of entries) accepted.fail(failureOf(error, { position, isAlone }));
    const isBreak = error instanceof RunnerGone || isOutOfMemory(reason);
    if (isBreak && verdict === undefined) this.#options.onBreak(lane, entries, reason);
  }
}

function sortedByTurn(lanes: Lane[]): Lane[] {
  const turns = lanes.flatMap((lane) => {
    const { turn } = lane;
    return turn === undefined ? [] : [{ lane, level: turn.account.level, ofKind: turn.account.levelOf(turn.kind) }];
  });
  turns.sort((a, b) => a.level - b.level || a.ofKind - b.ofKind || a.lane.servedAt - b.lane.servedAt);
  return turns.map(({ lane }) => lane);
}

/** Corrects what the tenants were charged by what the batch took. */
function settleAccounts(entries: readonly BatchEntry[], tookMs: number): void {
  let units = 0;
  for (const entry of entries) units += entry.units;
  for (const entry of entries) {
    entry.account.correct(entry.kind, (tookMs * entry.units) / units - entry.chargedMs);
    entry.chargedMs = 0;
  }
}

/** @param isAlone whether the input was the only one of its batch: then it is the one that broke it. */
function failureOf(error: unknown, { position, isAlone }: { position: number; isAlone: boolean }): TollgateError {
  const worked = isAlone ? `inputs[${position}]` : "the inputs";
  const what =
    error instanceof RunnerGone
      ? `The process that ran the model ended while it worked on ${worked}; another one has taken over.`
      : `The model broke on inputs[${position}].`;
  return new TollgateError("MODEL_FAILED", what, { cause: error });
}

function answerAll(
  entries: readonly BatchEntry[],
  rows: readonly Row[],
  { facts, shares }: { facts: BatchFacts; shares: readonly number[] },
): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const row = rows[i];
    if (entry === undefined || row === undefined) continue;
    if (row.every(isAllFinite)) entry.accepted.answer(entry.position, row, facts, shares[i] ?? 0);
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

/** The units of the batch as it is run: all rows as wide as the widest. */
function unitsOf(entries: readonly BatchEntry[]): number {
  let widest = 0;
  for (const { units } of entries) widest = Math.max(widest, units);
  return widest * entries.length;
}

/** As long as one caller waits for it, a batch may run. */
function latestDeadline(entries: readonly BatchEntry[]): number {
  let latest = 0;
  for (const { accepted } of entries) latest = Math.max(latest, accepted.request.deadlineAt);
  return latest;
}

function earliestAcceptance(entries: readonly BatchEntry[]): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { accepted } of entries) earliest = Math.min(earliest, accepted.acceptedAt);
  return earliest;
}
