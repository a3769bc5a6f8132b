import { messageOf, TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import { AcceptedRequest, type RunRequest, type RunResult } from "./accepted-request.ts";
import { noCuda, noRunnerUp, notLoaded, refusalOf, stopping } from "./admission.ts";
import { Breaks } from "./breaks.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type EngineEvent, logEvent } from "./engine-events.ts";
import { type EngineState, laneStateOf, type TenantQueue, tenantQueuesOf } from "./engine-state.ts";
import { FairShares } from "./fair-shares.ts";
import { Lane } from "./lane.ts";
import { type LoadableVersion, type LoadedVersion, type LoadReport, versionToLoad } from "./loaded-version.ts";
import { Placement } from "./placement.ts";
import type { ProviderPreference } from "./provider.ts";
import { Providers } from "./providers.ts";
import { QueueLimits } from "./queue-limits.ts";
import { groupKey, isPlatform, type RunnerGroup } from "./runner-group.ts";
import { RunnerPool } from "./runner-pool.ts";
import type { RunnerProgram } from "./runner-process.ts";
import { Slots } from "./slots.ts";

export type { RunRequest, RunResult } from "./accepted-request.ts";
export type { EngineEvent } from "./engine-events.ts";
export type { LoadableVersion, LoadReport } from "./loaded-version.ts";
export type { Row } from "./tensor.ts";

/** Runs models: fairly between tenants, in batches that change no answer, in processes that may die. */
export interface Engine {
  /**
   * Loads a version and compares its golden samples; the versions that are served go on meanwhile. Throws MODEL_REJECTED
   * with a reason for whoever made the model. A version that is loaded already stays as it is.
   */
  load(version: LoadableVersion): Promise<LoadReport>;
  /** Takes no more requests for the version (MODEL_NOT_READY), finishes those that wait, and frees its sessions. */
  release(versionId: string): Promise<void>;
  /**
   * Rejects with DEADLINE_EXCEEDED at the deadline, OVERLOADED with the time after which to come back, MODEL_FAILED
   * where the model broke, MODEL_NOT_READY where the version is not loaded or no runner is up, MODEL_WITHHELD where the
   * tenant's inputs broke it again and again.
   */
  run(request: RunRequest): Promise<RunResult>;
  /** How long an input of the version takes of late, in milliseconds; 0 where none has run yet. */
  usualMsPerInput(versionId: string): number;
  isReady(): boolean;
  state(): EngineState;
  /** Who waits for the version, the longest queue first. */
  queuesOf(versionId: string): TenantQueue[];
  /** How often it broke its runner in the last ten minutes, and it is known by whose inputs. */
  strikesOf(versionId: string): number;
  /** Takes no more requests, finishes those it has within their deadlines, and ends the runners. */
  close(): Promise<void>;
}

export interface EngineOptions {
  runners: number;
  spares: number;
  /** How many runners there may be at once for tenants' own models and for CUDA. */
  maxGuestRunners: number;
  guestIdleMs?: number;
  /** What models may take of memory in each runner, over what the runner itself needs: half of it for sessions. */
  memoryLimitMb: number;
  /** How long after the last deadline of its batch a runner may stay silent before it is killed. */
  graceMs: number;
  /** How much longer than expected a batch may run before another one runs beside it. */
  overdueMs?: number;
  maxQueuedInputsPerTenant: number;
  maxQueuedInputsPerVersion: number;
  maxQueuedInputs: number;
  maxBytesInFlight: number;
  /** How long a batch may run because of rows that no caller waits for. */
  backgroundMs?: number;
  /** How long a batch may run while several tenants use the runners. */
  sliceMs?: number;
  provider: ProviderPreference;
  /** How long a runner may take to come up, and a version to load and to answer its golden samples. */
  loadTimeoutMs?: number;
  /** What runners run; the one that has ONNX Runtime where it is not given. */
  runnerProgram?: RunnerProgram;
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
  readonly #options: EngineOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #loading = new Map<string, Promise<LoadReport>>();
  readonly #reports = new Map<string, LoadReport>();
  readonly #limits: QueueLimits;
  readonly #shares = new FairShares();
  readonly #pool: RunnerPool;
  readonly #placement: Placement;
  readonly #providers: Providers;
  readonly #dispatcher: Dispatcher;
  readonly #breaks: Breaks;
  readonly #onEvent: (event: EngineEvent) => void;
  /** Requests accepted and not settled. */
  #open = 0;
  #lastSession = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #onDrained: () => void = () => undefined;

  constructor(options: EngineOptions) {
    const { onEvent = () => undefined, loadTimeoutMs = 30_000, overdueMs = 250, guestIdleMs = 300_000 } = options;
    this.#options = options;
    this.#onEvent = (event) => {
      logEvent(options.logger, event);
      onEvent(event);
    };
    const shared = { loadTimeoutMs, onEvent: this.#onEvent, onFree: () => this.#dispatcher.dispatch() };
    this.#limits = new QueueLimits(options);
    this.#breaks = new Breaks({
      onEvent: this.#onEvent,
      takeOut: (version, reason) => this.#quarantine(version, reason),
    });
    this.#pool = new RunnerPool({
      ...options,
      ...shared,
      guestIdleMs,
      prepare: (runner) => this.#placement.prepare(runner),
      isWanted: (group) => this.#isWanted(group),
    });
    this.#placement = new Placement({
      ...shared,
      pool: this.#pool,
      budgetBytes: (options.memoryLimitMb * 1024 * 1024) / 2,
      onLoadFailed: (version, reason) => this.#loadFailed(version, reason),
      onNotSpread: ({ id: versionId }, reason) => this.#onEvent({ kind: "VERSION_NOT_LOADED", versionId, reason }),
    });
    this.#providers = new Providers({
      ...shared,
      preference: options.provider,
      pool: this.#pool,
      onUnavailable: (version, reason) => this.#failWaiting(version, reason),
    });
    this.#dispatcher = new Dispatcher({
      lanes: { [Symbol.iterator]: () => this.#lanes.values() },
      slots: new Slots({ count: options.runners, overdueMs, onOverdue: shared.onFree }),
      runnerFor: ({ version }) => {
        const group = this.#providers.groupOf(version);
        return group === undefined ? undefined : this.#placement.runnerFor(version, group);
      },
      onBreak: (lane, entries, reason) => this.#breaks.ofBatch(lane, entries, reason),
      judge: ({ version }, runner, error) => this.#providers.judge(version, runner, error),
      onEvent: this.#onEvent,
    });
  }

  async start(): Promise<void> {
    await this.#pool.start();
  }

  async load(version: LoadableVersion): Promise<LoadReport> {
    const report = this.#reports.get(version.id);
    if (report !== undefined) return report;
    let loading = this.#loading.get(version.id);
    if (loading === undefined) {
      loading = this.#load(version).finally(() => this.#loading.delete(version.id));
      this.#loading.set(version.id, loading);
    }
    return await loading;
  }

  async release(versionId: string): Promise<void> {
    const lane = this.#lanes.get(versionId);
    if (lane === undefined) return;
    this.#reports.delete(versionId);
    await lane.close();
    // It may have been loaded again meanwhile.
    if (this.#lanes.get(versionId) === lane) this.#lanes.delete(versionId);
    this.#providers.forget(lane.version);
    await this.#placement.release(lane.version);
  }

  run(request: RunRequest): Promise<RunResult> {
    const lane = this.#lanes.get(request.versionId);
    const error = lane === undefined ? this.#refusalWithoutLane() : this.#refusalOf(request, lane);
    if (lane === undefined || error !== undefined) {
      const refusal = error ?? notLoaded();
      this.#tell("REQUEST_REFUSED", request, refusal);
      return Promise.reject(refusal);
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
    return {
      isReady: this.isReady(),
      restarts: this.#pool.restarts,
      bytesInFlight: this.#limits.bytesInFlight,
      runners: this.#pool.state(),
      lanes: [...this.#lanes].map(([versionId, lane]) => laneStateOf(versionId, lane)),
    };
  }

  queuesOf(versionId: string): TenantQueue[] {
    const lane = this.#lanes.get(versionId);
    return lane === undefined ? [] : tenantQueuesOf(lane);
  }

  strikesOf(versionId: string): number {
    return this.#breaks.count(versionId);
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
    this.#dispatcher.close();
    this.#placement.close();
    await this.#pool.close();
  }

  async #load(version: LoadableVersion): Promise<LoadReport> {
    const startedAt = performance.now();
    const loaded = versionToLoad(version, ++this.#lastSession);
    await this.#placement.load(loaded);
    const provider = await this.#chooseProvider(loaded);
    const { batching, layout } = loaded;
    if (batching !== layout.batching) this.#onEvent({ kind: "BATCHING_REDUCED", versionId: version.id, batching });
    const { backgroundMs = 25, sliceMs = 2.5 } = this.#options;
    this.#breaks.forget(version.id);
    this.#lanes.set(
      version.id,
      new Lane({ version: loaded, limits: this.#limits, shares: this.#shares, backgroundMs, sliceMs }),
    );
    const report = { ...provider, batching, loadMs: performance.now() - startedAt };
    this.#reports.set(version.id, report);
    return report;
  }

  async #chooseProvider(version: LoadedVersion): Promise<Pick<LoadReport, "provider" | "providerReason">> {
    try {
      return await this.#providers.choose(version);
    } catch (error) {
      await this.#placement.release(version);
      throw error;
    }
  }

  #accept(
    request: RunRequest,
    lane: Lane,
    { resolve, reject }: { resolve: (result: RunResult) => void; reject: (error: TollgateError) => void },
  ): void {
    let leave: () => void = () => undefined;
    const accepted = new AcceptedRequest(request, {
      resolve,
      reject,
      onSettled: (error) => {
        this.#open--;
        if (error === undefined) this.#breaks.answered(request);
        else this.#tell("REQUEST_FAILED", request, error);
        leave();
        if (this.#isClosing && this.#open === 0) this.#onDrained();
      },
    });
    this.#open++;
    leave = lane.add(accepted, { isAlone: this.#breaks.runsAlone(request.versionId, request.tenantId) });
    this.#dispatcher.schedule();
  }

  #tell(kind: "REQUEST_REFUSED" | "REQUEST_FAILED", { versionId, rows }: RunRequest, { code }: TollgateError): void {
    this.#onEvent({ kind, versionId, code, rows: rows.length });
  }

  #refusalWithoutLane(): TollgateError {
    return this.#isClosing ? stopping() : notLoaded();
  }

  #refusalOf(request: RunRequest, lane: Lane): TollgateError | undefined {
    if (this.#isClosing) return stopping();
    if (lane.isClosing) return notLoaded();
    const withheld = this.#breaks.refusalFor(lane.version, request.tenantId);
    if (withheld !== undefined) return withheld;
    const group = this.#providers.groupOf(lane.version);
    if (group === undefined) return noCuda();
    if (isPlatform(group) && !this.#pool.isUp) return noRunnerUp();
    const running = Math.max(1, this.#pool.running);
    return refusalOf(request, lane, { limits: this.#limits, lanes: this.#lanes.values(), running });
  }

  #isWanted(group: RunnerGroup): boolean {
    const key = groupKey(group);
    for (const lane of this.#lanes.values()) {
      const wanted = lane.isWaiting ? this.#providers.groupOf(lane.version) : undefined;
      if (wanted !== undefined && groupKey(wanted) === key) return true;
    }
    return false;
  }

  #loadFailed(version: LoadedVersion, reason: string): void {
    if (this.#providers.loadFailed(version, reason)) return;
    this.#onEvent({ kind: "VERSION_NOT_LOADED", versionId: version.id, reason });
    this.#failWaiting(version, reason);
    this.#breaks.ofLoad(version, reason);
  }

  /** Whatever waits for it is told at once, and nothing more is taken until it is loaded again. */
  #quarantine(version: LoadedVersion, reason: string): void {
    if (this.#lanes.get(version.id)?.isClosing !== false) return;
    this.#onEvent({ kind: "VERSION_QUARANTINED", versionId: version.id, reason });
    this.release(version.id).catch((error: unknown) =>
      this.#options.logger.error({ err: error, versionId: version.id }, "a quarantined version was not released"),
    );
    this.#failWaiting(version, "it was taken out of service, because it broke its runner too often");
  }

  #failWaiting(version: LoadedVersion, reason: string): void {
    for (const accepted of [...(this.#lanes.get(version.id)?.open ?? [])]) {
      if (accepted.queuedRows === 0) continue;
      accepted.fail(new TollgateError("MODEL_FAILED", `The version cannot answer: ${messageOf(reason)}.`));
    }
  }
}
