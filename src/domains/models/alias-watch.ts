import type { Logger } from "../../platform/logger.ts";
import type { AliasTalliesStore, TargetTally } from "./alias-tallies.store.ts";
import type { Catalogue } from "./catalogue.ts";
import { brokenBound } from "./guard-verdict.ts";
import type { Alias, Model } from "./model.ts";
import { countComparison, countRequest, emptyTally, p99Of, sumOf, type Tally } from "./tally.ts";

interface AliasWatchOptions {
  catalogue: Catalogue;
  store: Pick<AliasTalliesStore, "add" | "read" | "forget">;
  /** False where the alias has been moved meanwhile. */
  rollBack: (alias: { model: Model; alias: Alias }, reason: string) => Promise<boolean>;
  logger: Logger;
}

/** What was seen of a target, on all gateways, since the alias was moved. */
export interface TargetReport extends Omit<Tally, "latencies"> {
  modelVersionId: string;
  p99Ms: number;
}

/** Over how long is told of an alias that has no guard. */
const usualWindowSeconds = 300;

/**
 * Counts what comes of requests to the targets of aliases that have more than one, and rolls an alias back whose guard is
 * broken. What each gateway counts it adds to what the others did, about once a second, and judges by the sum: so a guard
 * means the same however many gateways there are. The first to see a bound broken moves the alias, for all.
 */
export class AliasWatch {
  readonly #options: AliasWatchOptions;
  /** What was not told yet, by alias, revision and version. */
  readonly #untold = new Map<string, TargetTally>();

  constructor(options: AliasWatchOptions) {
    this.#options = options;
  }

  isWatching(versionId: string): boolean {
    return this.#watching(versionId) !== undefined;
  }

  record(versionId: string, outcome: { ms: number; isFailed: boolean }): void {
    for (const tally of this.#talliesOf(versionId)) countRequest(tally, outcome);
  }

  /** @param versionId the shadow's. */
  compare(versionId: string, agrees: boolean): void {
    for (const tally of this.#talliesOf(versionId)) countComparison(tally, agrees);
  }

  /** Tells what was seen since it was last called, and judges the aliases that this concerns; to be called often. */
  async judge(): Promise<void> {
    const told = await this.#tell();
    for (const aliasId of new Set(told.map((one) => one.aliasId))) await this.#judge(aliasId);
  }

  /** Of each target of the alias, in its order. */
  async reportOf(alias: Alias): Promise<TargetReport[]> {
    await this.#tell();
    const seen = await this.#seenOf(alias);
    return alias.targets.map(({ modelVersionId }) => {
      const { latencies, ...counts } = seen.get(modelVersionId) ?? emptyTally();
      return { modelVersionId, ...counts, p99Ms: p99Of({ latencies, ...counts }) };
    });
  }

  /** Drops what nobody judges by any more. */
  async forget(): Promise<void> {
    await this.#options.store.forget();
  }

  // What the database does not take is not told again: whether it was added is not known then, and counting it twice could
  // move an alias that is well.
  async #tell(): Promise<TargetTally[]> {
    const seen = [...this.#untold.values()];
    this.#untold.clear();
    if (seen.length > 0) await this.#options.store.add(seen);
    return seen;
  }

  async #judge(aliasId: string): Promise<void> {
    const found = this.#options.catalogue.aliasById(aliasId);
    if (found?.alias.guard === undefined) return;
    const { alias } = found;
    const seen = await this.#seenOf(alias);
    // The targets stand in the order of their versions: the last is the newest.
    const tallies = alias.targets.map(({ modelVersionId }) => seen.get(modelVersionId) ?? emptyTally());
    const guarded = tallies.at(-1) ?? emptyTally();
    const reason = brokenBound(found.alias.guard, { guarded, others: sumOf(tallies.slice(0, -1)) });
    if (reason === undefined) return;
    if (await this.#options.rollBack(found, reason))
      this.#options.logger.warn({ aliasId, reason }, "an alias was rolled back by its guard");
  }

  async #seenOf({ id: aliasId, revision, guard }: Alias): Promise<Map<string, Tally>> {
    const windowSeconds = guard?.windowSeconds ?? usualWindowSeconds;
    return await this.#options.store.read({ aliasId, revision, windowSeconds });
  }

  #watching(versionId: string): { model: Model; aliases: Alias[] } | undefined {
    const found = this.#options.catalogue.versionById(versionId);
    if (found === undefined) return undefined;
    const aliases = found.model.aliases.filter(
      ({ targets }) => targets.length > 1 && targets.some((target) => target.modelVersionId === versionId),
    );
    return aliases.length === 0 ? undefined : { model: found.model, aliases };
  }

  #talliesOf(modelVersionId: string): Tally[] {
    const { model, aliases = [] } = this.#watching(modelVersionId) ?? {};
    return aliases.map(({ id: aliasId, revision, guard }) => {
      const key = `${aliasId} ${revision} ${modelVersionId}`;
      const known = this.#untold.get(key);
      if (known !== undefined) return known.tally;
      const tally = emptyTally();
      const windowSeconds = guard?.windowSeconds ?? usualWindowSeconds;
      const tenantId = model?.ownerTenantId;
      this.#untold.set(key, { aliasId, tenantId, revision, modelVersionId, windowSeconds, tally });
      return tally;
    });
  }
}
