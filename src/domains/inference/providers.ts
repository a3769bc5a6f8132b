import { messageOf, TollgateError } from "../../core/errors.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import type { Provider, ProviderPreference } from "./provider.ts";
import { ProviderBreaker } from "./provider-breaker.ts";
import { RunFailed, type Runner, RunnerGone } from "./runner.ts";
import type { RunnerGroup } from "./runner-group.ts";
import type { RunnerPool } from "./runner-pool.ts";
import { warmUp } from "./warm-up.ts";

export interface ProvidersOptions {
  /** What a version gets that names no preference of its own. */
  preference: ProviderPreference;
  pool: Pick<RunnerPool, "startApart">;
  loadTimeoutMs: number;
  onEvent: (event: EngineEvent) => void;
  /** Called when a version may run where it could not before. */
  onFree: () => void;
  /** Called when a version cannot run anywhere for a while. */
  onUnavailable: (version: LoadedVersion, reason: string) => void;
}

/** A version that would run on CUDA. */
interface OnCuda {
  preference: ProviderPreference;
  breaker: ProviderBreaker;
}

/**
 * Which provider each version runs on. CUDA is believed only after a process that is thrown away has loaded the version
 * there, and given the answers that the processor gave. When it fails later, the process it failed in is ended (CUDA does
 * not recover within one), the version runs on the processor, and CUDA is tried again after a pause that doubles.
 */
export class Providers {
  readonly #options: ProvidersOptions;
  readonly #onCuda = new Map<LoadedVersion, OnCuda>();

  constructor(options: ProvidersOptions) {
    this.#options = options;
  }

  /** To be called once the version stands on the processor. Throws MODEL_REJECTED where it requires what it cannot have. */
  async choose(version: LoadedVersion): Promise<{ provider: Provider; providerReason: string | undefined }> {
    const preference = version.providerPreference ?? this.#options.preference;
    if (preference === "CPU_ONLY") return { provider: "CPU", providerReason: undefined };
    const reason = await this.#try(version);
    if (reason === undefined) {
      this.#onCuda.set(version, { preference, breaker: new ProviderBreaker() });
      return { provider: "CUDA", providerReason: undefined };
    }
    const { name, version: number } = version.manifest;
    if (preference === "REQUIRE_CUDA")
      throw new TollgateError("MODEL_REJECTED", `${name} version ${number} requires CUDA: ${reason}.`);
    this.#options.onEvent({ kind: "PROVIDER_FELL_BACK", versionId: version.id, reason });
    return { provider: "CPU", providerReason: reason };
  }

  /** Where the version's next batch runs; undefined where it requires CUDA, which is not to be had at the moment. */
  groupOf(version: LoadedVersion): RunnerGroup | undefined {
    const { ownerTenantId } = version;
    const onCuda = this.#onCuda.get(version);
    if (onCuda === undefined) return { ownerTenantId, provider: "CPU" };
    if (onCuda.breaker.isClosed) return { ownerTenantId, provider: "CUDA" };
    if (onCuda.breaker.mayTry(performance.now())) void this.#tryAgain(version, onCuda.breaker);
    return onCuda.preference === "REQUIRE_CUDA" ? undefined : { ownerTenantId, provider: "CPU" };
  }

  /**
   * What a failed batch means for CUDA. ELSEWHERE: it was CUDA that failed, and the batch may run on the processor.
   * NOWHERE: the version may not. Undefined: it was the model or its input. Where it may have been CUDA the runner is
   * ended: nothing is tried in it again.
   */
  judge(version: LoadedVersion, runner: Runner, error: unknown): "ELSEWHERE" | "NOWHERE" | undefined {
    if (runner.group.provider !== "CUDA") return undefined;
    const reason = messageOf(error);
    const isOfCuda = error instanceof RunFailed && /cuda|cudnn|cublas|gpu/i.test(reason);
    if (!isOfCuda && !(error instanceof RunnerGone)) return undefined;
    runner.kill(`CUDA failed: ${reason}`);
    const isRequired = this.#onCuda.get(version)?.preference === "REQUIRE_CUDA";
    this.#fail(version, reason);
    if (!isOfCuda) return undefined;
    return isRequired ? "NOWHERE" : "ELSEWHERE";
  }

  /** The version could not be loaded onto a runner for CUDA. True where it was to run there. */
  loadFailed(version: LoadedVersion, reason: string): boolean {
    return this.#onCuda.get(version)?.breaker.isClosed === true && this.#fail(version, reason);
  }

  forget(version: LoadedVersion): void {
    this.#onCuda.delete(version);
  }

  #fail(version: LoadedVersion, reason: string): boolean {
    const onCuda = this.#onCuda.get(version);
    if (onCuda === undefined) return false;
    // Several batches may have been under way; the first that fails says it.
    if (!onCuda.breaker.isClosed) return true;
    onCuda.breaker.fail(reason, performance.now());
    this.#options.onEvent({ kind: "PROVIDER_FELL_BACK", versionId: version.id, reason });
    if (onCuda.preference === "REQUIRE_CUDA") this.#options.onUnavailable(version, "it requires CUDA, which failed");
    return true;
  }

  async #tryAgain(version: LoadedVersion, breaker: ProviderBreaker): Promise<void> {
    const reason = await this.#try(version);
    if (!this.#onCuda.has(version)) return;
    if (reason === undefined) {
      breaker.succeed();
      this.#options.onEvent({ kind: "PROVIDER_RECOVERED", versionId: version.id });
    } else {
      breaker.fail(reason, performance.now());
      this.#options.onEvent({ kind: "PROVIDER_FELL_BACK", versionId: version.id, reason });
    }
    this.#options.onFree();
  }

  /** Loads it for CUDA in a process of its own and compares its answers; why that did not go well, if it did not. */
  async #try(version: LoadedVersion): Promise<string | undefined> {
    const { pool, loadTimeoutMs } = this.#options;
    const { ownerTenantId } = version;
    let runner: Runner | undefined;
    try {
      const model = await version.readModel();
      runner = await pool.startApart({ ownerTenantId, provider: "CUDA" });
      await warmUp(runner, version, { model, deadlineAt: performance.now() + loadTimeoutMs });
      return undefined;
    } catch (error) {
      const cause = error instanceof TollgateError ? error.cause : error;
      return `CUDA cannot be used: ${messageOf(cause)}`;
    } finally {
      // Its work is done, whatever state CUDA is in.
      runner?.kill("it is not needed any more");
    }
  }
}
