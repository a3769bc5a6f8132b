import type { AcceptedRequest, RunKind } from "./accepted-request.ts";
import { halvesOf } from "./batch.ts";
import { FairQueue, type Queued } from "./fair-queue.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import type { QueueLimits } from "./queue-limits.ts";
import type { Row } from "./tensor.ts";

/** One row in a batch: whose it is, and its place among that request's rows. */
export interface BatchEntry {
  accepted: AcceptedRequest;
  position: number;
  row: Row;
}

export interface Batch {
  lane: Lane;
  entries: BatchEntry[];
  /** FULL: more waited than fit. DRAINED: it took all that waited. AGAIN: part of a batch that did not come to its end. */
  left: "FULL" | "DRAINED" | "AGAIN";
}

/** The queue in front of one version. */
export class Lane {
  readonly version: LoadedVersion;
  /** Rows that wait for a batch. */
  queuedRows = 0;
  /** The time that runners spent on this lane: what lanes share runners by. */
  servedMs = 0;
  /** What a row takes, measured of late; undefined before the first batch. */
  #msPerRow: number | undefined;
  readonly #queue = new FairQueue<RowRun>();
  readonly #again: BatchEntry[][] = [];
  readonly #limits: QueueLimits;
  /** Requests that were accepted and are not settled. */
  #open = 0;
  #isClosing = false;
  #onEmpty: () => void = () => undefined;

  constructor(version: LoadedVersion, limits: QueueLimits) {
    this.version = version;
    this.#limits = limits;
  }

  get isWaiting(): boolean {
    return this.queuedRows > 0 || this.#again.length > 0;
  }

  get waitingTenants(): number {
    return this.#queue.flows;
  }

  get msPerRow(): number {
    return this.#msPerRow ?? assumedMsPerRow;
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
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** To be called when a request that was added is settled. */
  settle(): void {
    if (--this.#open === 0) this.#onEmpty();
  }

  add(accepted: AcceptedRequest): RowRun[] {
    this.#open++;
    this.queuedRows += accepted.queuedRows;
    this.#limits.add(accepted.request.tenantId, accepted.queuedRows);
    const runs = runsOf(accepted, this.version);
    for (const run of runs) this.#queue.push(run);
    return runs;
  }

  /** Drops the rows that still wait: their request is settled. */
  drop(runs: readonly RowRun[], accepted: AcceptedRequest): void {
    this.queuedRows -= accepted.queuedRows;
    this.#limits.remove(accepted.request.tenantId, accepted.queuedRows);
    for (const run of runs) this.#queue.remove(run);
  }

  /** The next batch: whatever waits, fairly chosen, as much as fits. No waiting for more: it comes while this one runs. */
  nextBatch(): Batch | undefined {
    const again = this.#takeAgain();
    if (again !== undefined) return { lane: this, entries: again, left: "AGAIN" };
    const first = this.#queue.next();
    if (first === undefined) return undefined;
    const entries = [this.#take(first)];
    const { bucket } = first;
    const isAcceptable = bucket === undefined ? undefined : (run: RowRun) => run.bucket === bucket;
    while (entries.length < this.version.maxBatchInputs) {
      const run = this.#queue.next(isAcceptable);
      if (run === undefined) break;
      entries.push(this.#take(run));
    }
    return { lane: this, entries, left: this.queuedRows > 0 ? "FULL" : "DRAINED" };
  }

  /** Puts a batch back that failed as a whole: in halves, so that in the end only a bad row fails. */
  halve(entries: BatchEntry[]): void {
    this.#again.push(...halvesOf(entries));
  }

  /** Puts a batch back that no runner began. */
  putBack(entries: BatchEntry[]): void {
    this.#again.push(entries);
  }

  measure(rows: number, ms: number): void {
    const latest = ms / rows;
    this.#msPerRow = this.#msPerRow === undefined ? latest : this.#msPerRow * 0.8 + latest * 0.2;
  }

  #take(run: RowRun): BatchEntry {
    const entry = run.take();
    this.queuedRows--;
    this.#limits.remove(run.tenantId, 1);
    if (run.isEmpty) this.#queue.remove(run);
    return entry;
  }

  #takeAgain(): BatchEntry[] | undefined {
    for (let entries = this.#again.shift(); entries !== undefined; entries = this.#again.shift()) {
      const wanted = entries.filter((entry) => !entry.accepted.isSettled);
      if (wanted.length > 0) return wanted;
    }
    return undefined;
  }
}

const assumedMsPerRow = 1;

/** What waits for a person comes first; what was submitted for later takes what is left. */
const kindWeights: Record<RunKind, number> = { INTERACTIVE: 1, EXPLANATION: 0.25, JOB: 0.1 };

/** Rows of one request that can share a batch, in their order. */
export class RowRun implements Queued {
  readonly bucket: string | undefined;
  readonly #accepted: AcceptedRequest;
  readonly #version: LoadedVersion;
  readonly #positions: readonly number[] | undefined;
  #next = 0;

  /** @param positions the places of the rows; all of the request's where it is not given. */
  constructor(
    accepted: AcceptedRequest,
    version: LoadedVersion,
    some?: { bucket: string | undefined; positions: readonly number[] },
  ) {
    this.#accepted = accepted;
    this.#version = version;
    this.#positions = some?.positions;
    this.bucket = some?.bucket;
  }

  get tenantId(): string {
    return this.#accepted.request.tenantId;
  }

  get flowId(): string {
    const { tenantId, kind = "INTERACTIVE" } = this.#accepted.request;
    return kind === "INTERACTIVE" ? tenantId : `${tenantId} ${kind}`;
  }

  get weight(): number {
    const { weight = 1, kind = "INTERACTIVE" } = this.#accepted.request;
    return weight * kindWeights[kind];
  }

  get nextCost(): number {
    return this.#version.layout.costOf(this.#rowAt(this.#place(this.#next)));
  }

  get isEmpty(): boolean {
    return this.#next === (this.#positions ?? this.#accepted.request.rows).length;
  }

  take(): BatchEntry {
    const position = this.#place(this.#next++);
    this.#accepted.queuedRows--;
    return { accepted: this.#accepted, position, row: this.#rowAt(position) };
  }

  #place(next: number): number {
    return this.#positions?.[next] ?? next;
  }

  #rowAt(position: number): Row {
    return this.#accepted.request.rows[position] ?? [];
  }
}

function runsOf(accepted: AcceptedRequest, version: LoadedVersion): RowRun[] {
  const { rows } = accepted.request;
  const [first = []] = rows;
  const only = version.layout.bucketOf(first);
  if (only === undefined) return [new RowRun(accepted, version)];
  if (rows.length === 1) return [new RowRun(accepted, version, { bucket: only, positions: [0] })];
  const buckets = Map.groupBy(rows.keys(), (position) => version.layout.bucketOf(rows[position] ?? []));
  return [...buckets].map(([bucket, positions]) => new RowRun(accepted, version, { bucket, positions }));
}
