import { messageOf } from "../../core/errors.ts";
import { bounded } from "../../platform/bounded.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { VersionHost } from "../models/version-host.ts";

export interface FirstLoadsOptions {
  catalogue: Pick<Catalogue, "targetIds" | "localConditionOf" | "registeredById">;
  host: Pick<VersionHost, "settled">;
  /** How long a gateway calls itself not ready because of them; those that take longer go on loading behind it. */
  withinMs: number;
  logger: Logger;
}

/**
 * The versions that aliases send requests to, when a gateway starts. Until they are loaded it says that it is not ready,
 * so that a load balancer leaves it alone; whoever asks it all the same is answered by those that are.
 */
export class FirstLoads {
  /** Settles when they are loaded, or are known not to be loadable, or the time is over. */
  readonly done: Promise<void>;
  readonly #options: FirstLoadsOptions;
  readonly #targets: readonly string[];
  #isDone = false;

  constructor(options: FirstLoadsOptions) {
    this.#options = options;
    this.#targets = [...options.catalogue.targetIds()];
    this.done = this.#wait().finally(() => {
      this.#isDone = true;
    });
  }

  /** What is missing, for whoever asks whether this gateway is ready; undefined where nothing is. No names: anybody may ask. */
  get problem(): string | undefined {
    const missing = this.#isDone ? 0 : this.#loading().length;
    if (missing === 0) return undefined;
    return missing === 1 ? "a version is still loading" : `${missing} versions are still loading`;
  }

  async #wait(): Promise<void> {
    const { host, withinMs, logger } = this.#options;
    const startedAt = performance.now();
    const loaded = host.settled(this.#targets);
    const waitsFor = this.#loading();
    if (waitsFor.length > 0) logger.info({ versions: waitsFor.map((id) => this.#nameOf(id)) }, "loads versions");
    try {
      await bounded(loaded, withinMs);
      const ms = Math.round(performance.now() - startedAt);
      if (waitsFor.length > 0) logger.info({ versions: waitsFor.length, ms }, "versions are loaded");
    } catch (error) {
      const versions = this.#loading().map((id) => this.#nameOf(id));
      logger.warn({ versions, reason: messageOf(error) }, "starts while versions are still loading");
    }
  }

  #loading(): string[] {
    return this.#targets.filter((id) => this.#options.catalogue.localConditionOf(id)?.kind === "LOADING");
  }

  #nameOf(versionId: string): string {
    const found = this.#options.catalogue.registeredById(versionId);
    return found === undefined ? versionId : `${found.model.name}/${found.version.version} (${versionId})`;
  }
}
