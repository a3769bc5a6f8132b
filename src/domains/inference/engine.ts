import { TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import { AcceptedRequest, type RunRequest, type RunResult } from "./accepted-request.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type EngineEvent, logEvent } from "./engine-events.ts";
import { Lane, type RowRun } from "./lane.ts";
import { type LoadableVersion, versionToLoad } from "./loaded-version.ts";
import { QueueLimits, retryAfterMs } from "./queue-limits.ts";
import { RunnerPool, type RunnerState } from "./runner-pool.ts";
import type { Row } from "./tensor.ts";

export type { RunRequest, RunResult } from "./accepted-request.ts";
export type { EngineEvent } from "./engine-events.ts";
export type { LoadableVersion } from "./loaded-version.ts";
export type { Row } from "./tensor.ts";

/** Runs models: fairly between tenants, in batches that change no answer, in processes that may die. */
export interface Engine {
  /**
   * Loads a version on every runner and spare, and compares its golden samples. Throws MODEL_REJECTED with a reason
   * for whoever made the model. A version that is loaded already stays as it is.
   */
  load(version: LoadableVersion): Promise<void>;
  /**
   * Rejects with DEADLINE_EXCEEDED at the deadline, OVERLOADED with the time after which to come back, MODEL_FAILED
   * where the model broke, MODEL_NOT_READY where the version is not loaded or no runner is up.
   */
  run(request: RunRequest): Promise<RunResult>;
  /** How long an input of the version takes of late, in milliseconds; 0 where none has run yet. */
  usualMsPerInput(versionId: string): number;
  isReady(): boolean;
  state(): EngineState;
  /** Takes no more requests, finishes those it has within their deadlines, and ends the runners. */
  close(): Promise<void>;
}

interface EngineState {
  isReady: boolean;
  restarts: number;
  runners: RunnerState[];
  lanes: { versionId: string; queuedInputs: number; waitingTenants: number; msPerInput: number }[];
}

export interface EngineOptions {
  runners: number;
  spares: number;
  /** What models may take of memory in each runner, over what the runner itself needs. */
  memoryLimitMb: number;
  /** How long after the last deadline of its batch a runner may stay silent before it is killed. */
  graceMs: number;
  maxQueuedInputsPerTenant: number;
  maxQueuedInputs: number;
  /** How long a runner may take to come up, and a version to load and to answer its golden samples. */
  loadTimeoutMs?: number;
  logger: Logger;
  onEvent?: (event: EngineEvent) => void;
}

/** Starts the runners and waits until all are up. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const engine = new RunnerEngine(options);
  await engine.start();
  return engine;
}

class RunnerEngine implements Engine {
  readonly #lanes = new Map<string, Lane>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #limits: QueueLimits;
  readonly #pool: RunnerPool;
  readonly #dispatcher: Dispatcher;
  readonly #onEvent: (event: EngineEvent) => void;
  /** Requests accepted and not settled. */
  #open = 0;
  #lastSession = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #onDrained: () => void = () => undefined;

  constructor(options: EngineOptions) {
    const { onEvent = () => undefined, loadTimeoutMs = 30_000 } = options;
    this.#onEvent = (event) => {
      logEvent(options.logger, event);
      onEvent(event);
    };
    this.#limits = new QueueLimits(options);
    this.#dispatcher = new Dispatcher({ [Symbol.iterator]: () => this.#lanes.values() }, this.#onEvent);
    this.#pool = new RunnerPool({
      ...options,
      loadTimeoutMs,
      onEvent: this.#onEvent,
      onFree: () => this.#dispatcher.dispatch(),
    });
    this.#dispatcher.serve(this.#pool);
  }

  async start(): Promise<void> {
    await this.#pool.start();
  }

  async load(version: LoadableVersion): Promise<void> {
    if (this.#lanes.has(version.id)) return;
    let loading = this.#loading.get(version.id);
    if (loading === undefined) {
      loading = this.#load(version).finally(() => this.#loading.delete(version.id));
      this.#loading.set(version.id, loading);
    }
    await loading;
  }

  run(request: RunRequest): Promise<RunResult> {
    const lane = this.#lanes.get(request.versionId);
    const refusal = this.#refusalOf(request, lane);
    if (lane === undefined || refusal !== undefined) {
      const error = refusal ?? notReady(lane);
      this.#tell("REQUEST_REFUSED", request, error);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#accept(request, lane, { resolve, reject });
    });
  }

  usualMsPerInput(versionId: string): number {
    return this.#lanes.get(versionId)?.msPerRow ?? 0;
  }

  isReady(): boolean {
    return !this.#isClosing && this.#pool.isUp;
  }

  state(): EngineState {
    const lanes = [...this.#lanes].map(([versionId, lane]) => ({
      versionId,
      queuedInputs: lane.queuedRows,
      waitingTenants: lane.waitingTenants,
      msPerInput: lane.msPerRow,
    }));
    return { isReady: this.isReady(), restarts: this.#pool.restarts, runners: this.#pool.state(), lanes };
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
    await this.#pool.close();
  }

  async #load(version: LoadableVersion): Promise<void> {
    const loaded = versionToLoad(version, ++this.#lastSession);
    await this.#pool.load(loaded);
    this.#lanes.set(version.id, new Lane(loaded, this.#limits));
  }

  #accept(
    request: RunRequest,
    lane: Lane,
    { resolve, reject }: { resolve: (result: RunResult) => void; reject: (error: TollgateError) => void },
  ): void {
    let runs: RowRun[] = [];
    const accepted = new AcceptedRequest(request, {
      resolve,
      reject,
      onSettled: (error) => {
        this.#open--;
        if (error !== undefined) this.#tell("REQUEST_FAILED", request, error);
        if (accepted.queuedRows > 0) lane.drop(runs, accepted);
        if (this.#isClosing && this.#open === 0) this.#onDrained();
      },
    });
    this.#open++;
    if (!lane.isWaiting) this.#dispatcher.wake(lane);
    runs = lane.add(accepted);
    this.#dispatcher.schedule();
  }

  #tell(kind: "REQUEST_REFUSED" | "REQUEST_FAILED", { versionId, rows }: RunRequest, { code }: TollgateError): void {
    this.#onEvent({ kind, versionId, code, rows: rows.length });
  }

  #refusalOf(request: RunRequest, lane: Lane | undefined): TollgateError | undefined {
    if (this.#isClosing) return stopping();
    if (lane === undefined || !this.#pool.isUp) return notReady(lane);
    if (request.deadlineAt <= performance.now() || request.abandoned?.aborted) return tooLate();
    const rows = request.rows.length;
    if (rows > this.#limits.mostAtOnce) return tooMany(rows, this.#limits.mostAtOnce);
    const problem = problemIn(request.rows, lane);
    if (problem !== undefined) return problem;
    const broken = this.#limits.brokenBy(request.tenantId, rows);
    return broken === undefined ? undefined : this.#overloaded(request, lane, broken);
  }

  #overloaded(request: RunRequest, lane: Lane, broken: "TENANT" | "ALL"): TollgateError {
    const { running } = this.#pool;
    if (broken === "TENANT") {
      const queued = this.#limits.queuedBy(request.tenantId);
      const share = running * lane.shareOf(request.weight ?? 1);
      return new TollgateError(
        "OVERLOADED",
        `${queued} inputs of this tenant are waiting already. Send fewer at once.`,
        {
          retryAfterMs: retryAfterMs({ rows: queued, msPerRow: lane.msPerRow, share }),
        },
      );
    }
    let waitMs = 0;
    for (const { queuedRows, msPerRow } of this.#lanes.values()) waitMs += queuedRows * msPerRow;
    return new TollgateError("OVERLOADED", "Too many inputs are waiting already. Ask again later.", {
      retryAfterMs: retryAfterMs({ rows: 1, msPerRow: waitMs, share: running }),
    });
  }
}

function problemIn(rows: readonly Row[], { version }: Lane): TollgateError | undefined {
  if (rows.length === 0) return new TollgateError("INVALID_INPUT", "inputs is empty; send at least one.");
  for (let i = 0; i < rows.length; i++) {
    const problem = version.layout.problemOf(rows[i] ?? []);
    if (problem !== undefined) return new TollgateError("INVALID_INPUT", `inputs[${i}] ${problem}`);
  }
  return undefined;
}

function stopping(): TollgateError {
  return new TollgateError("OVERLOADED", "This replica is stopping. Ask again.", { retryAfterMs: 1000 });
}

function notReady(lane: Lane | undefined): TollgateError {
  const what =
    lane === undefined ? "The version is not loaded yet." : "No runner is up at the moment; one is starting.";
  return new TollgateError("MODEL_NOT_READY", what, { retryAfterMs: 1000 });
}

function tooLate(): TollgateError {
  return new TollgateError(
    "DEADLINE_EXCEEDED",
    "The deadline had passed, or the caller had left, before the inputs could be queued.",
  );
}

function tooMany(rows: number, most: number): TollgateError {
  return new TollgateError("INVALID_INPUT", `inputs has ${rows} entries; at most ${most} can wait at once.`);
}
