import type { Logger } from "../../platform/logger.ts";
import type { Catalogue } from "./catalogue.ts";
import { brokenBound, type Comparison, type Outcome, p99Of, type Seen } from "./guard-verdict.ts";
import type { Alias, Model } from "./model.ts";

interface AliasWatchOptions {
  catalogue: Catalogue;
  /** False where the alias has been moved meanwhile. */
  rollBack: (alias: { model: Model; alias: Alias }, reason: string) => Promise<boolean>;
  logger: Logger;
  now?: () => number;
}

/** What this gateway remembers of a target. */
export interface TargetReport {
  modelVersionId: string;
  requests: number;
  failures: number;
  p99Ms: number;
  /** Of a shadow: how many of its answers were compared, and how many differed. */
  compared: number;
  disagreed: number;
}

/** As many of each target as are judged by; older ones go. */
const mostRemembered = 2_000;
/** Judging sorts what was seen: not for every request. */
const judgedEveryMs = 250;

/**
 * Remembers what came of requests to the targets of aliases that have more than one, and rolls an alias back whose guard
 * is broken. Each gateway judges by what it has seen itself; the first to see a bound broken moves the alias, for all.
 */
export class AliasWatch {
  readonly #options: AliasWatchOptions;
  readonly #now: () => number;
  readonly #outcomes = new Map<string, Outcome[]>();
  readonly #comparisons = new Map<string, Comparison[]>();
  readonly #judgedAt = new Map<string, number>();
  /** When this gateway first saw each alias as it stands: what was seen of its targets before does not count. */
  readonly #movedAt = new Map<string, { revision: number; at: number }>();
  /** The revisions that were told to roll back: each is told once. */
  readonly #broken = new Set<string>();

  constructor(options: AliasWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  isWatching(versionId: string): boolean {
    return this.#watching(versionId) !== undefined;
  }

  record(versionId: string, outcome: Omit<Outcome, "at">): void {
    const watched = this.#watching(versionId);
    if (watched === undefined) return;
    for (const alias of watched.aliases) this.#movedSince(alias);
    remember(this.#outcomes, versionId, { ...outcome, at: this.#now() });
    for (const alias of watched.aliases) this.#judge(watched.model, alias);
  }

  /** @param versionId the shadow's. */
  compare(versionId: string, agrees: boolean): void {
    const watched = this.#watching(versionId);
    if (watched === undefined) return;
    for (const alias of watched.aliases) this.#movedSince(alias);
    remember(this.#comparisons, versionId, { agrees, at: this.#now() });
    for (const alias of watched.aliases) this.#judge(watched.model, alias);
  }

  /** Of each target of the alias, in its order. */
  reportOf(alias: Alias): TargetReport[] {
    return alias.targets.map(({ modelVersionId }) => {
      const outcomes = this.#outcomes.get(modelVersionId) ?? [];
      const comparisons = this.#comparisons.get(modelVersionId) ?? [];
      return {
        modelVersionId,
        requests: outcomes.length,
        failures: outcomes.filter(({ isFailed }) => isFailed).length,
        p99Ms: p99Of(outcomes),
        compared: comparisons.length,
        disagreed: comparisons.filter(({ agrees }) => !agrees).length,
      };
    });
  }

  /** Forgets versions that no alias with several targets points at any more. */
  forget(): void {
    for (const seen of [this.#outcomes, this.#comparisons])
      for (const versionId of seen.keys()) if (this.#watching(versionId) === undefined) seen.delete(versionId);
  }

  #watching(versionId: string): { model: Model; aliases: Alias[] } | undefined {
    const found = this.#options.catalogue.versionById(versionId);
    if (found === undefined) return undefined;
    const aliases = found.model.aliases.filter(
      ({ targets }) => targets.length > 1 && targets.some((target) => target.modelVersionId === versionId),
    );
    return aliases.length === 0 ? undefined : { model: found.model, aliases };
  }

  #judge(model: Model, alias: Alias): void {
    const now = this.#now();
    const move = `${alias.id} ${alias.revision}`;
    if (alias.guard === undefined || this.#broken.has(move)) return;
    if (now - (this.#judgedAt.get(alias.id) ?? Number.NEGATIVE_INFINITY) < judgedEveryMs) return;
    this.#judgedAt.set(alias.id, now);
    const reason = brokenBound(alias.guard, this.#seenOf(alias), now);
    if (reason === undefined) return;
    this.#broken.add(move);
    this.#rollBack({ model, alias }, reason).catch((error: unknown) => {
      this.#broken.delete(move); // it is judged again, and told again
      this.#options.logger.error({ err: error, aliasId: alias.id }, "an alias was not rolled back");
    });
  }

  async #rollBack(alias: { model: Model; alias: Alias }, reason: string): Promise<void> {
    if (await this.#options.rollBack(alias, reason))
      this.#options.logger.warn({ aliasId: alias.alias.id, reason }, "an alias was rolled back by its guard");
  }

  /** The targets stand in the order of their versions: the last is the newest. */
  #seenOf(alias: Alias): Seen {
    const movedAt = this.#movedSince(alias);
    const since = <T extends { at: number }>(seen: readonly T[] = []) => seen.filter(({ at }) => at >= movedAt);
    const ids = alias.targets.map(({ modelVersionId }) => modelVersionId);
    const newest = ids.at(-1) ?? "";
    return {
      guarded: since(this.#outcomes.get(newest)),
      others: ids.slice(0, -1).flatMap((id) => since(this.#outcomes.get(id))),
      comparisons: since(this.#comparisons.get(newest)),
    };
  }

  #movedSince({ id, revision }: Alias): number {
    const known = this.#movedAt.get(id);
    if (known?.revision === revision) return known.at;
    const at = this.#now();
    this.#movedAt.set(id, { revision, at });
    return at;
  }
}

function remember<T>(seen: Map<string, T[]>, versionId: string, one: T): void {
  const list = seen.get(versionId) ?? [];
  seen.set(versionId, list);
  list.push(one);
  // In one go and seldom: shifting each time would move the whole list.
  if (list.length > 2 * mostRemembered) list.splice(0, mostRemembered);
}
