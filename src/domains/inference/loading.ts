import { messageOf, TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { Numbers } from "../models/golden-inputs.ts";
import { isWhole, type ModelVersion, type RegisteredVersion } from "../models/model.ts";
import type { VersionHost } from "../models/version-host.ts";
import type { Engine } from "./engine.ts";

interface HostingOptions {
  catalogue: Catalogue;
  engine: Pick<Engine, "load" | "run" | "release">;
  logger: Logger;
  /** The ONNX file of a digest, checked against it. */
  readModel: (digest: string) => Promise<Uint8Array>;
}

/** How long a version may take for one input that it is tried with. */
const trialMs = 5_000;

/**
 * Keeps on this gateway's runners what the catalogue says is ready, and lets go of what is no longer. One version that
 * cannot be loaded is known as rejected here, and the others serve.
 */
export class Hosting implements VersionHost {
  readonly #options: HostingOptions;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #releasing = new Map<string, Promise<void>>();

  constructor(options: HostingOptions) {
    this.#options = options;
  }

  /** Follows the catalogue; to be called whenever that was read. */
  follow(): void {
    const { catalogue } = this.#options;
    for (const version of catalogue.versions()) {
      const local = catalogue.localConditionOf(version.id);
      if (version.state === "READY") {
        if (local === undefined && isWhole(version)) this.#begin(version);
      } else if (local !== undefined && isOver(version)) {
        this.release(version.id).catch((error: unknown) => {
          this.#options.logger.warn({ err: error, versionId: version.id }, "a version was not unloaded");
        });
      }
    }
  }

  /** Tries again what failed for a reason that may have passed. What the model itself is to blame for stays as it is. */
  retry(): void {
    const { catalogue } = this.#options;
    for (const version of catalogue.versions()) {
      const local = catalogue.localConditionOf(version.id);
      if (local?.kind === "FAILED" && local.isPassing && isWhole(version)) this.#begin(version);
    }
  }

  async settled(versionIds: readonly string[]): Promise<void> {
    this.follow();
    await Promise.all(versionIds.map((id) => this.#loading.get(id)));
  }

  async load(version: ModelVersion): Promise<void> {
    const { catalogue, engine, readModel } = this.#options;
    const { provider, providerReason } = await engine.load({
      id: version.id,
      manifest: version.manifest,
      ownerTenantId: version.ownerTenantId,
      readModel: () => readModel(version.digest),
    });
    catalogue.setCondition(version.id, { kind: "LOADED", provider, providerReason });
  }

  async answer(version: ModelVersion, inputs: Numbers[][]): Promise<Numbers[][]> {
    const answers: Numbers[][] = [];
    for (const row of inputs) {
      const { outputs } = await this.#options.engine.run({
        versionId: version.id,
        tenantId: version.ownerTenantId ?? "",
        rows: [row],
        deadlineAt: performance.now() + trialMs,
      });
      answers.push([...(outputs[0] ?? [])]);
    }
    return answers;
  }

  async release(versionId: string): Promise<void> {
    let releasing = this.#releasing.get(versionId);
    if (releasing === undefined) {
      releasing = this.#release(versionId).finally(() => this.#releasing.delete(versionId));
      this.#releasing.set(versionId, releasing);
    }
    await releasing;
  }

  async #release(versionId: string): Promise<void> {
    const { catalogue, engine } = this.#options;
    await this.#loading.get(versionId);
    // Whoever looked the version up before it became unfindable may still be on the way to the engine with it.
    await catalogue.inFlight.quiet();
    await engine.release(versionId);
    catalogue.setCondition(versionId, undefined);
  }

  #begin(version: ModelVersion): void {
    const { catalogue, logger } = this.#options;
    catalogue.setCondition(version.id, { kind: "LOADING" });
    const loading = this.load(version)
      .catch((error: unknown) => {
        logger.error({ err: error, versionId: version.id }, "version was not loaded");
        const isPassing = !(error instanceof TollgateError && error.code === "MODEL_REJECTED");
        catalogue.setCondition(version.id, { kind: "FAILED", reason: messageOf(error), isPassing });
      })
      .finally(() => this.#loading.delete(version.id));
    this.#loading.set(version.id, loading);
  }
}

/** In the other states a gateway is still bringing it on: what is loaded of it is that gateway's work in progress. */
function isOver({ state }: RegisteredVersion): boolean {
  return ["DRAINING", "RETIRED", "REJECTED", "QUARANTINED"].includes(state);
}
