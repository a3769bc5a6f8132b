import { messageOf, TollgateError } from "../../core/errors.ts";
import { Gate } from "./gate.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import { type Runner, RunnerGone } from "./runner.ts";
import { groupKey, isPlatform, platformGroup, type RunnerGroup } from "./runner-group.ts";
import type { RunnerPool } from "./runner-pool.ts";
import { cheapestRoom, evictionFor } from "./session-shelf.ts";
import { rejected, tryOut, warmUp } from "./warm-up.ts";

export interface PlacementOptions {
  pool: RunnerPool;
  /** What sessions may take of a runner's memory; the rest is for batches, and for a file on its way in. */
  budgetBytes: number;
  loadTimeoutMs: number;
  /** Called when a version stands on a runner that it did not stand on before. */
  onFree: () => void;
  /** A version that was accepted could not be loaded again. */
  onLoadFailed: (version: LoadedVersion, reason: string) => void;
  /** A version stands on a runner, and could not be loaded onto another as well. */
  onNotSpread: (version: LoadedVersion, reason: string) => void;
}

/**
 * Which sessions stand on which runners. A version is loaded where it costs the others least; the sessions used longest
 * ago make room. As long as there is room every version of the platform stands on all of its runners, so that the spare
 * is warm. A runner is kept from batches while it loads, but never so many that fewer run than should.
 */
export class Placement {
  readonly #options: PlacementOptions;
  readonly #versions = new Set<LoadedVersion>();
  readonly #bringing = new Set<string>();
  readonly #platformLoads: Gate;
  readonly #guestLoads = new Gate(() => maxGuestLoads);
  readonly #notBefore = new Map<string, number>();
  readonly #alarms = new Set<NodeJS.Timeout>();

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#platformLoads = new Gate(() => Math.max(1, options.pool.toSpare));
  }

  /** Loads a version for the first time. Throws MODEL_REJECTED; it then stands nowhere. */
  async load(version: LoadedVersion): Promise<void> {
    const model = await this.#fetch(version);
    const { ownerTenantId } = version;
    if (ownerTenantId === undefined) await this.#loadOnPlatform(version, model);
    else await this.#guestLoads.within(() => this.#loadApart(version, { model, ownerTenantId }));
    this.#versions.add(version);
    if (ownerTenantId === undefined) await this.#spread(version, model);
  }

  /** Frees its sessions everywhere, as the runners come to it. */
  async release(version: LoadedVersion): Promise<void> {
    this.#versions.delete(version);
    const holders = this.#options.pool.all().filter((runner) => runner.holds(version));
    await Promise.allSettled(
      holders.map((runner) => this.#reserved(runner, () => runner.release(version, this.#loadDeadline()))),
    );
  }

  /** An idle runner of the group that holds the version. Where there is none, one is brought about. */
  runnerFor(version: LoadedVersion, group: RunnerGroup): Runner | undefined {
    let isHeld = false;
    for (const runner of this.#options.pool.of(group)) {
      if (!runner.holds(version)) continue;
      if (runner.isIdle) {
        version.usedAt = performance.now();
        return runner;
      }
      isHeld = true;
    }
    this.#bring(version, group, isHeld);
    return undefined;
  }

  /** Loads onto a new runner of the platform what was used last, as much as there is room for. */
  async prepare(runner: Runner): Promise<void> {
    const seen = new Set<LoadedVersion>();
    for (let version = this.#next(seen); version !== undefined; version = this.#next(seen)) {
      seen.add(version);
      if (this.#fits(runner, version)) await this.#prepare(runner, version);
    }
    const released = runner.shelf.versions.filter((version) => !this.#versions.has(version));
    for (const version of released) await runner.release(version, this.#loadDeadline());
  }

  async #prepare(runner: Runner, version: LoadedVersion): Promise<void> {
    try {
      await this.#warmUp(runner, version);
    } catch (error) {
      this.#options.onLoadFailed(version, messageOf(error));
      // It took the new runner with it; the next one tries again, until that was too often.
      if (runner.mode !== "READY") throw error;
    }
  }

  close(): void {
    for (const alarm of this.#alarms) clearTimeout(alarm);
  }

  /** Of the platform's versions that were not seen yet, the one used last: more may come while others are loaded. */
  #next(seen: ReadonlySet<LoadedVersion>): LoadedVersion | undefined {
    let next: LoadedVersion | undefined;
    for (const version of this.#versions) {
      if (version.ownerTenantId !== undefined || seen.has(version)) continue;
      if (next === undefined || version.usedAt > next.usedAt) next = version;
    }
    return next;
  }

  /** Its file; refused where it could not fit even alone. */
  async #fetch(version: LoadedVersion): Promise<Uint8Array> {
    const model = await version.readModel();
    version.memoryBytes = Math.max(version.memoryBytes, model.length);
    this.#checkSize(version, "its file");
    return model;
  }

  #checkSize(version: LoadedVersion, what: string): void {
    const { budgetBytes } = this.#options;
    if (version.memoryBytes <= budgetBytes) return;
    const reason = `${what} takes ${inMb(version.memoryBytes)} MB; a runner has ${inMb(budgetBytes)} MB for sessions`;
    throw rejected(version, new Error(reason));
  }

  async #loadOnPlatform(version: LoadedVersion, model: Uint8Array): Promise<void> {
    await this.#platformLoads.within(async () => {
      // The spare: a model that breaks its runner breaks one that has no batch.
      const runner = this.#options.pool.of(platformGroup).at(-1);
      if (runner === undefined) throw noRunner();
      await this.#reserved(runner, async () => {
        await this.#makeRoom(runner, version);
        await this.#tryOut(runner, version, model);
      });
    });
  }

  /** In a process of its own: the tenant's other versions go on meanwhile, and only this one is lost if it breaks. */
  async #loadApart(
    version: LoadedVersion,
    { model, ownerTenantId }: { model: Uint8Array; ownerTenantId: string },
  ): Promise<void> {
    const runner = await this.#options.pool.startApart({ ownerTenantId, provider: "CPU" });
    try {
      await this.#tryOut(runner, version, model);
    } catch (error) {
      runner.kill("it is not needed any more");
      throw error;
    }
    await this.#options.pool.adopt(runner);
  }

  async #tryOut(runner: Runner, version: LoadedVersion, model: Uint8Array): Promise<void> {
    const deadlineAt = this.#loadDeadline();
    const before = runner.process.residentBytes() ?? 0;
    const { batching, answers, firstRuns } = await tryOut(runner, version, { model, deadlineAt });
    Object.assign(version, { batching, answers, firstRuns });
    if (batching === "SINGLE") version.maxBatchInputs = 1;
    const grownBytes = (runner.process.residentBytes() ?? 0) - before;
    version.memoryBytes = Math.max(version.memoryBytes, grownBytes);
    try {
      this.#checkSize(version, "the loaded model");
    } catch (error) {
      await runner.release(version, deadlineAt);
      throw error;
    }
  }

  /** Onto the platform's other runners, one after the other, as far as there is room. One that cannot does without. */
  async #spread(version: LoadedVersion, model: Uint8Array): Promise<void> {
    for (const runner of [...this.#options.pool.of(platformGroup)]) {
      await this.#platformLoads
        .within(() =>
          this.#reserved(runner, async () => {
            const isDone = runner.holds(version) || !this.#versions.has(version) || !this.#fits(runner, version);
            if (!isDone) await warmUp(runner, version, { model, deadlineAt: this.#loadDeadline() });
          }),
        )
        .catch((error: unknown) => this.#options.onNotSpread(version, messageOf(error)));
    }
  }

  /** What came for the runner's other versions meanwhile was turned away, and is looked at again when it is free. */
  async #reserved(runner: Runner, work: () => Promise<void>): Promise<void> {
    await runner.reserved(work).finally(() => this.#options.onFree());
  }

  #fits(runner: Runner, version: LoadedVersion): boolean {
    return runner.shelf.bytes + version.memoryBytes <= this.#options.budgetBytes;
  }

  async #warmUp(runner: Runner, version: LoadedVersion): Promise<void> {
    const model = await version.readModel();
    await warmUp(runner, version, { model, deadlineAt: this.#loadDeadline() });
  }

  async #makeRoom(runner: Runner, version: LoadedVersion): Promise<void> {
    const room = { neededBytes: version.memoryBytes, budgetBytes: this.#options.budgetBytes };
    for (const { version: evicted } of evictionFor(runner.shelf.all(), room) ?? []) {
      await runner.release(evicted, this.#loadDeadline());
    }
  }

  /** @param isHeld whether runners hold it already that are all at work: then it goes only where it drives nobody out. */
  #bring(version: LoadedVersion, group: RunnerGroup, isHeld: boolean): void {
    const key = `${groupKey(group)} ${version.session}`;
    const wait = (this.#notBefore.get(key) ?? 0) - performance.now();
    if (this.#bringing.has(key) || wait > 0) return;
    const runners = this.#options.pool.of(group).filter((one) => !one.holds(version));
    const runner = isHeld
      ? runners.find((candidate) => candidate.isIdle && this.#fits(candidate, version))
      : cheapestRoom(runners, { neededBytes: version.memoryBytes, budgetBytes: this.#options.budgetBytes });
    if (runner === undefined) {
      if (!isHeld) this.#options.pool.want(group);
      return;
    }
    this.#bringing.add(key);
    this.#bringOnto(runner, version)
      .catch((error: unknown) => this.#failed(version, { key, error, isHeld }))
      .finally(() => {
        this.#bringing.delete(key);
        this.#options.onFree();
      });
  }

  async #bringOnto(runner: Runner, version: LoadedVersion): Promise<void> {
    // Fetched before the runner is kept from batches: storage may be slow.
    const model = await version.readModel();
    const load = () =>
      runner.reserved(async () => {
        if (!this.#versions.has(version)) return;
        await this.#makeRoom(runner, version);
        await warmUp(runner, version, { model, deadlineAt: this.#loadDeadline() });
      });
    await (isPlatform(runner.group) ? this.#platformLoads.within(load) : load());
  }

  #failed(version: LoadedVersion, { key, error, isHeld }: { key: string; error: unknown; isHeld: boolean }): void {
    const cause = error instanceof Error ? error.cause : undefined;
    // Its runner went for another reason: the next one will load it.
    if (cause instanceof RunnerGone && !cause.wasBegun) return;
    this.#notBefore.set(key, performance.now() + pauseMs);
    const alarm = setTimeout(() => {
      this.#alarms.delete(alarm);
      this.#notBefore.delete(key);
      this.#options.onFree();
    }, pauseMs);
    this.#alarms.add(alarm);
    if (!isHeld) this.#options.onLoadFailed(version, messageOf(error));
  }

  #loadDeadline(): number {
    return performance.now() + this.#options.loadTimeoutMs;
  }
}

/** How many tenants' models may be tried out at once. */
const maxGuestLoads = 2;
/** How long a version that could not be loaded is left alone. */
const pauseMs = 1_000;

function inMb(bytes: number): string {
  return (bytes / (1024 * 1024)).toFixed(1);
}

function noRunner(): TollgateError {
  return new TollgateError("MODEL_NOT_READY", "No runner is up at the moment; one is starting.", {
    retryAfterMs: 1000,
  });
}
