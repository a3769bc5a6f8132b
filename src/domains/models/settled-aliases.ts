import type { Alias, Model } from "./model.ts";

/**
 * Where aliases send requests from this gateway. One that was moved elsewhere follows only when this gateway has loaded
 * every version that it now sends requests to, or knows that it cannot: until then it answers as before, so that a move
 * loses no request here whichever gateway made it (law 9).
 */
export class SettledAliases {
  readonly #isSettled: (versionId: string) => boolean;
  /** By the alias's id, as it stands in the database. */
  #wanted = new Map<string, Alias>();
  readonly #followed = new Map<string, Alias>();
  /** Each model's, looked up for every inference; made again after a change. */
  #ofModels = new Map<string, Alias[]>();

  constructor(isSettled: (versionId: string) => boolean) {
    this.#isSettled = isSettled;
  }

  read(models: readonly Model[]): void {
    this.#wanted = new Map(models.flatMap((model) => model.aliases.map((alias) => [alias.id, alias] as const)));
    for (const id of this.#followed.keys()) if (!this.#wanted.has(id)) this.#followed.delete(id);
    this.settle();
  }

  /** To be called when something was loaded. */
  settle(): void {
    this.#ofModels = new Map();
    for (const [id, alias] of this.#wanted) {
      const isFirst = !this.#followed.has(id);
      const isLoaded = alias.targets.every(
        ({ modelVersionId, weight }) => weight === 0 || this.#isSettled(modelVersionId),
      );
      if (isFirst || isLoaded) this.#followed.set(id, alias);
    }
  }

  of(model: Model): Alias[] {
    const known = this.#ofModels.get(model.id);
    if (known !== undefined) return known;
    const aliases = model.aliases.map((alias) => this.#followed.get(alias.id) ?? alias);
    this.#ofModels.set(model.id, aliases);
    return aliases;
  }
}
