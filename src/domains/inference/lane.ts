import type { AcceptedRequest, RunKind } from "./accepted-request.ts";
import { halvesOf } from "./batch.ts";
import { BatchGrowth, type BatchLeft } from "./batch-growth.ts";
import { type Chosen, FairQueue, type Wanted } from "./fair-queue.ts";
import type { Account, FairShares } from "./fair-shares.ts";
import { LatencyModel } from "./latency-model.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import type { QueueLimits } from "./queue-limits.ts";
import { loneRunsOf, type RowRun, runsOf } from "./row-run.ts";
import type { Row } from "./tensor.ts";

/** One row in a batch: whose it is, and its place among that request's rows. */
export interface BatchEntry {
  accepted: AcceptedRequest;
  position: number;
  row: Row;
  units: number;
  account: Account;
  kind: RunKind;
  /** What its tenant's account was charged for it so far, in milliseconds. */
  chargedMs: number;
}

export interface Batch {
  lane: Lane;
  entries: BatchEntry[];
  left: BatchLeft;
  formMs: number;
}

export interface LaneOptions {
  version: LoadedVersion;
  limits: QueueLimits;
  shares: FairShares;
  /** How long a batch may run because of rows that no caller waits for. */
  backgroundMs: number;
  /** How long a batch may run while several tenants use the runners, or, of rows that no caller waits for, while there are callers. */
  sliceMs: number;
}

/** The queue in front of one version. */
export class Lane {
  readonly version: LoadedVersion;
  readonly model = new LatencyModel();
  /** Rows that wait for a batch. */
  queuedRows = 0;
  /** Of lanes in which one tenant waits with the same right, the one that was served longest ago is next. */
  servedAt = 0;
  readonly #queue: FairQueue<RowRun>;
  readonly #again: BatchEntry[][] = [];
  readonly #limits: QueueLimits;
  readonly #shares: FairShares;
  readonly #backgroundMs: number;
  readonly #sliceMs: number;
  #unitsPerRow = 1;
  #batches = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  readonly #open = new Set<AcceptedRequest>();
  #isClosing = false;
  #empty: Promise<void> | undefined;
  #onEmpty: () => void = () => undefined;

  constructor({ version, limits, shares, backgroundMs, sliceMs }: LaneOptions) {
    this.#sliceMs = sliceMs;
    this.version = version;
    this.#queue = new FairQueue(shares);
    this.#limits = limits;
    this.#shares = shares;
    this.#backgroundMs = backgroundMs;
    for (const { units, ms } of version.firstRuns) this.model.observe(units, ms);
  }

  get isWaiting(): boolean {
    return this.queuedRows > 0 || this.#again.length > 0;
  }

  get waitingTenants(): number {
    return this.#queue.tenants;
  }

  /** What a row takes, as those of late were. */
  get msPerRow(): number {
    return this.model.msPerUnit * this.#unitsPerRow;
  }

  /** To be called with each batch that was answered. */
  measure(batch: { rows: number; units: number; tookMs: number }): void {
    this.#batches++;
    this.model.observe(batch.units, batch.tookMs);
    this.#unitsPerRow = this.#unitsPerRow * 0.8 + (batch.units / batch.rows) * 0.2;
  }

  /** Whether enough batches have run to say what a row takes. */
  get isMeasured(): boolean {
    return this.#batches >= measuredAfter;
  }

  /** When its next batch may leave, on the clock of performance.now(): at once, where the version asks for no delay. */
  get dueAt(): number {
    const { maxDelayMs = 0 } = this.version.manifest.batching;
    const isFull = this.queuedRows >= this.version.maxBatchInputs;
    return maxDelayMs === 0 || isFull || this.#again.length > 0 ? 0 : this.#dueAt;
  }

  /** Whose turn its next batch is. */
  get turn(): { account: Account; kind: RunKind } | undefined {
    const [entry] = this.#again[0] ?? [];
    if (entry !== undefined) return entry;
    const chosen = this.#queue.next();
    return chosen === undefined ? undefined : { account: chosen.account, kind: chosen.item.kind };
  }

  /** The part of this lane's runs that a tenant of this weight gets while the others wait too. */
  shareOf(weight: number): number {
    return weight / Math.max(weight, this.#queue.totalWeight);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Takes nothing more, and settles when all that it took is settled. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#open.size === 0) return;
    this.#empty ??= new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
    await this.#empty;
  }

  /** All that it took and has not answered. */
  get open(): Iterable<AcceptedRequest> {
    return this.#open;
  }

  /**
   * Returns what is to be called once the request is settled.
   *
   * @param isAlone whether each of its rows has a batch of its own.
   */
  add(accepted: AcceptedRequest, { isAlone }: { isAlone: boolean }): () => void {
    const { tenantId, deadlineAt } = accepted.request;
    this.#open.add(accepted);
    if (!this.isWaiting) this.#dueAt = Number.POSITIVE_INFINITY;
    this.queuedRows += accepted.queuedRows;
    this.#limits.add(this.version.id, tenantId, { rows: accepted.queuedRows, bytes: accepted.bytes });
    const runs = isAlone ? loneRunsOf(accepted, this.version) : runsOf(accepted, this.version);
    for (const run of runs) this.#queue.push(run);
    this.#dueAt = Math.min(this.#dueAt, this.#latestStart(deadlineAt));
    return () => this.#settle(accepted, runs);
  }

  /**
   * The next batch: whatever waits, fairly chosen, as much as fits. No waiting for more, unless the version asks for it:
   * more comes while this one runs.
   */
  nextBatch(): Batch | undefined {
    const startedAt = performance.now();
    this.servedAt = startedAt;
    const again = this.#takeAgain();
    if (again !== undefined) return { lane: this, entries: again, left: "AGAIN", formMs: 0 };
    const { maxBatchInputs: maxRows, manifest } = this.version;
    const growth = new BatchGrowth(
      {
        maxRows,
        maxUnits: manifest.batching.maxCost ?? Number.POSITIVE_INFINITY,
        // Whoever waits for an answer now is likely to ask again while the batch runs.
        backgroundMs: this.#shares.hasCallers(startedAt)
          ? Math.min(this.#backgroundMs, this.#sliceMs)
          : this.#backgroundMs,
        sliceMs: this.#shares.isContended(startedAt) ? this.#sliceMs : Number.POSITIVE_INFINITY,
        predictMs: (units) => this.model.predictMs(units),
      },
      startedAt,
    );
    const entries: BatchEntry[] = [];
    const left = this.#fill(entries, growth);
    if (entries.length === 0) return undefined;
    if (this.queuedRows > 0) this.#dueAt = startedAt + (manifest.batching.maxDelayMs ?? 0);
    return { lane: this, entries, left, formMs: performance.now() - startedAt };
  }

  /** Puts a batch back that failed as a whole: in halves, so that in the end only a bad row fails. */
  halve(entries: BatchEntry[]): void {
    this.#again.push(...halvesOf(entries));
  }

  /** Puts a batch back that no runner began. */
  putBack(entries: BatchEntry[]): void {
    this.#again.push(entries);
  }

  #fill(entries: BatchEntry[], growth: BatchGrowth): BatchLeft {
    const wanted: Wanted = { bucket: undefined, onlyInteractive: false };
    for (;;) {
      const chosen = this.#choose(wanted, growth);
      if (typeof chosen === "string") return chosen;
      const { item, account } = chosen;
      if (entries.length === 0) this.#shares.turnTo(account);
      wanted.bucket = item.bucket;
      const units = item.nextUnits;
      growth.add({ units, deadlineAt: item.accepted.request.deadlineAt });
      entries.push(this.#take(chosen, units));
    }
  }

  /** The next row of a batch, or why there is none. */
  #choose(wanted: Wanted, growth: BatchGrowth): Chosen<RowRun> | BatchLeft {
    const chosen = this.#queue.next(wanted);
    if (chosen === undefined) return wanted.onlyInteractive ? "BACKGROUND" : "DRAINED";
    const { nextUnits: units, kind } = chosen.item;
    const keptOut = growth.keptOut({ units, isBackground: kind !== "INTERACTIVE" });
    if (keptOut === undefined) return chosen;
    if (keptOut !== "BACKGROUND") return keptOut;
    wanted.onlyInteractive = true;
    return this.#choose(wanted, growth);
  }

  #take({ item, account }: Chosen<RowRun>, units: number): BatchEntry {
    const { accepted, kind } = item;
    const chargedMs = units * this.model.msPerUnit;
    account.serve(kind, chargedMs);
    const { position, row } = item.take();
    this.queuedRows--;
    this.#limits.remove(this.version.id, item.tenantId, { rows: 1, bytes: 0 });
    if (item.isEmpty) this.#queue.remove(item);
    return { accepted, position, row, units, account, kind, chargedMs };
  }

  #takeAgain(): BatchEntry[] | undefined {
    for (let entries = this.#again.shift(); entries !== undefined; entries = this.#again.shift()) {
      const wanted = entries.filter((entry) => !entry.accepted.isSettled);
      if (wanted.length > 0) return wanted;
    }
    return undefined;
  }

  /** A delay takes no more than half of the time that a request has. */
  #latestStart(deadlineAt: number): number {
    const { maxDelayMs = 0 } = this.version.manifest.batching;
    const now = performance.now();
    return now + Math.min(maxDelayMs, (deadlineAt - now) / 2);
  }

  /** Drops the rows that still wait: their request is settled. */
  #settle(accepted: AcceptedRequest, runs: readonly RowRun[]): void {
    if (accepted.queuedRows > 0) {
      this.queuedRows -= accepted.queuedRows;
      for (const run of runs) this.#queue.remove(run);
    }
    this.#limits.remove(this.version.id, accepted.request.tenantId, {
      rows: accepted.queuedRows,
      bytes: accepted.bytes,
    });
    this.#open.delete(accepted);
    if (this.#open.size === 0) this.#onEmpty();
  }
}

const measuredAfter = 16;
