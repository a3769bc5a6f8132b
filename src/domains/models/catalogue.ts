import { notFound, TollgateError } from "../../core/errors.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Logger } from "../../platform/logger.ts";
import { StartError } from "../../platform/start-error.ts";
import type { BundledVersion } from "./bundled-models.ts";
import type { Alias, Model, ModelVersion, VersionCondition } from "./model.ts";
import type { ModelsStore } from "./models.store.ts";
import { type Route, route, type Target } from "./routing.ts";

interface CatalogueOptions {
  store: ModelsStore;
  logger: Logger;
  /** Where chance comes from, so that a test can hold it. */
  draw?: () => number;
}

/**
 * The models on offer, in memory: an inference looks one up without a query. Read at start and again whenever the
 * database says that a model changed.
 */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #conditions = new Map<string, VersionCondition>();
  #models: Model[] = [];
  #byName = new Map<string, Model>();
  #reading: Promise<void> | undefined;
  #isStale = false;

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** Registers what lies in the models folder. Throws StartError where a registered version has another file. */
  async register(versions: readonly BundledVersion[]): Promise<void> {
    for (const { manifest } of versions) {
      const { name, version, description, task, sha256: digest } = manifest;
      const registered = await this.#options.store.registerPlatformVersion({
        name,
        version,
        description,
        task,
        digest,
        manifest,
      });
      if (registered !== digest) {
        throw new StartError(
          `Version ${version} of model ${name} is registered with the file ${registered}, but the models folder has ${digest}. ` +
            "A version never changes: restore the file, or give the new one the next version number.",
        );
      }
    }
    await this.refresh();
  }

  /** Reads the models again. Calls that come while it reads share one more reading after it. */
  async refresh(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readUntilFresh().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  setCondition(versionId: string, condition: VersionCondition): void {
    this.#conditions.set(versionId, condition);
  }

  conditionOf(version: ModelVersion): VersionCondition {
    if (version.retiredAt !== undefined) return { state: "RETIRED" };
    return this.#conditions.get(version.id) ?? { state: "WARMING" };
  }

  /** The model and the version that answers. Throws NOT_FOUND, or MODEL_NOT_READY where that version cannot answer. */
  resolve(name: string, target: Target): Route & { model: Model } {
    const model = this.byName(name);
    const chosen = route(model, target, (this.#options.draw ?? Math.random)());
    const condition = this.conditionOf(chosen.version);
    if (condition.state === "READY") return { model, ...chosen };
    const why = condition.state === "REJECTED" ? ` (${condition.reason})` : "";
    throw new TollgateError(
      "MODEL_NOT_READY",
      `Version ${chosen.version.version} of ${name} is ${condition.state}${why}. Try another version, or later.`,
    );
  }

  byName(name: string): Model {
    const model = this.#byName.get(name);
    if (model === undefined) throw notFound("model");
    return model;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  byId(id: string): Model | undefined {
    return this.#models.find((model) => model.id === id);
  }

  versionById(id: string): { model: Model; version: ModelVersion } | undefined {
    for (const model of this.#models) {
      const version = model.versions.find((candidate) => candidate.id === id);
      if (version !== undefined) return { model, version };
    }
    return undefined;
  }

  aliasById(id: string): { model: Model; alias: Alias } | undefined {
    for (const model of this.#models) {
      const alias = model.aliases.find((candidate) => candidate.id === id);
      if (alias !== undefined) return { model, alias };
    }
    return undefined;
  }

  versions(): ModelVersion[] {
    return this.#models.flatMap((model) => model.versions);
  }

  page(request: PageRequest): Page<Model> {
    const { after, first } = request;
    const following = after === undefined ? this.#models : this.#models.filter((model) => model.id > after);
    return pageOf(following.slice(0, first + 1), request);
  }

  async #readUntilFresh(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      this.#models = await this.#options.store.platformModels();
      this.#byName = new Map(this.#models.map((model) => [model.name, model]));
      this.#options.logger.debug({ models: this.#models.length }, "catalogue read");
    }
  }
}
