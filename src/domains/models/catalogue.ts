import { notFound, TollgateError } from "../../core/errors.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Logger } from "../../platform/logger.ts";
import { StartError } from "../../platform/start-error.ts";
import type { BundledVersion } from "./bundled-models.ts";
import { InFlight } from "./in-flight.ts";
import {
  type Alias,
  isWhole,
  type LocalCondition,
  type Model,
  type ModelVersion,
  type RegisteredVersion,
  type VersionCondition,
} from "./model.ts";
import type { ModelsStore } from "./models.store.ts";
import { type Asking, type Route, route, type Target } from "./routing.ts";
import { SettledAliases } from "./settled-aliases.ts";
import { chosenFrom, isVisible, type Viewer } from "./visibility.ts";

interface CatalogueOptions {
  store: Pick<ModelsStore, "all" | "registerBundledVersion">;
  logger: Logger;
}

/**
 * The models on offer, in memory: an inference looks one up without a query. Read at start and again whenever the
 * database says that a model changed. What stands in the database is everybody's; the conditions are this gateway's own.
 */
export class Catalogue {
  /** The requests that may hold something they looked up here. */
  readonly inFlight = new InFlight();
  readonly #options: CatalogueOptions;
  readonly #conditions = new Map<string, LocalCondition>();
  readonly #aliases = new SettledAliases((versionId) => this.#isSettled(versionId));
  #models: Model[] = [];
  #byName = new Map<string, Model[]>();
  #byVersionId = new Map<string, { model: Model; version: RegisteredVersion }>();
  #reading: Promise<void> | undefined;
  #isStale = false;

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** Registers what lies in the models folder. Throws StartError where a registered version has another file. */
  async register(versions: readonly Pick<BundledVersion, "manifest">[]): Promise<void> {
    for (const { manifest } of versions) {
      const { name, version, description, task, sha256: digest } = manifest;
      const registered = await this.#options.store.registerBundledVersion({
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

  /** Undefined: this gateway has let go of it. */
  setCondition(versionId: string, condition: LocalCondition | undefined): void {
    if (condition === undefined) this.#conditions.delete(versionId);
    else this.#conditions.set(versionId, condition);
    this.#aliases.settle();
  }

  localConditionOf(versionId: string): LocalCondition | undefined {
    return this.#conditions.get(versionId);
  }

  /** Where the version stands, seen from here: what is ready for all may still be loading on this gateway. */
  conditionOf({ id, state, stateReason }: RegisteredVersion): VersionCondition {
    if (state !== "READY") return { state, reason: stateReason };
    const local = this.#conditions.get(id) ?? { kind: "LOADING" };
    switch (local.kind) {
      case "LOADED":
        return { state: "READY", provider: local.provider, providerReason: local.providerReason };
      case "LOADING":
        return { state: "WARMING", reason: undefined };
      case "FAILED":
        return { state: "REJECTED", reason: local.reason };
    }
  }

  /** The model and the version that answers. Throws NOT_FOUND, or MODEL_NOT_READY where that version cannot answer. */
  resolve(asking: Asking, name: string, target: Target): Route & { model: Model } {
    const model = this.byName({ tenantId: asking.tenantId }, name);
    const chosen = route({ ...model, aliases: this.#aliases.of(model) }, target, asking);
    const condition = this.conditionOf(chosen.version);
    if (condition.state === "READY") return { model, ...chosen };
    const why = condition.reason === undefined ? "" : ` (${condition.reason})`;
    throw new TollgateError(
      "MODEL_NOT_READY",
      `Version ${chosen.version.version} of ${name} is ${condition.state}${why}. Try another version, or later.`,
    );
  }

  byName(viewer: Viewer, name: string): Model {
    const model = this.find(viewer, name);
    if (model === undefined) throw notFound("model");
    return model;
  }

  find(viewer: Viewer, name: string): Model | undefined {
    return chosenFrom(this.#byName.get(name) ?? [], viewer);
  }

  /** Whoever asks by id has to be shown that they may see it: `isVisible`. */
  byId(id: string): Model | undefined {
    return this.#models.find((model) => model.id === id);
  }

  /** A version that can answer, or once could. */
  versionById(id: string): { model: Model; version: ModelVersion } | undefined {
    const found = this.#byVersionId.get(id);
    return found !== undefined && isWhole(found.version) ? { ...found, version: found.version } : undefined;
  }

  /** A version wherever it stands. */
  registeredById(id: string): { model: Model; version: RegisteredVersion } | undefined {
    return this.#byVersionId.get(id);
  }

  aliasById(id: string): { model: Model; alias: Alias } | undefined {
    for (const model of this.#models) {
      const alias = model.aliases.find((candidate) => candidate.id === id);
      if (alias !== undefined) return { model, alias };
    }
    return undefined;
  }

  versions(): RegisteredVersion[] {
    return this.#models.flatMap((model) => model.versions);
  }

  /** The versions that aliases send requests to: what a start waits for. */
  targetIds(): Set<string> {
    const targets = this.#models.flatMap((model) => model.aliases.flatMap((alias) => alias.targets));
    return new Set(targets.flatMap(({ modelVersionId, weight }) => (weight > 0 ? [modelVersionId] : [])));
  }

  page(viewer: Viewer, request: PageRequest): Page<Model> {
    return pageAmong(
      this.#models.filter((model) => isVisible(model, viewer)),
      request,
    );
  }

  /** Of everybody's models; not for tenants. */
  pageOfAll(isWanted: (model: Model) => boolean, request: PageRequest): Page<Model> {
    return pageAmong(this.#models.filter(isWanted), request);
  }

  #isSettled(versionId: string): boolean {
    const version = this.#byVersionId.get(versionId)?.version;
    if (version?.state !== "READY") return true;
    const local = this.#conditions.get(versionId);
    return local !== undefined && local.kind !== "LOADING";
  }

  async #readUntilFresh(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      this.#models = await this.#options.store.all();
      this.#byName = Map.groupBy(this.#models, (model) => model.name);
      this.#byVersionId = new Map(
        this.#models.flatMap((model) => model.versions.map((version) => [version.id, { model, version }] as const)),
      );
      this.#aliases.read(this.#models);
      this.#options.logger.debug({ models: this.#models.length }, "catalogue read");
    }
  }
}

function pageAmong(models: readonly Model[], request: PageRequest): Page<Model> {
  const { after, first } = request;
  const following = after === undefined ? models : models.filter((model) => model.id > after);
  return pageOf(following.slice(0, first + 1), request);
}
