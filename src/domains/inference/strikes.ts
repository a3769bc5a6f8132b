const rememberedMs = 10 * 60_000;
const tooMany = 3;

/** Counts, for each version, how often it broke its runner: a crash, a hang, more memory than it may. */
export class Strikes {
  readonly #strikes = new Map<string, number[]>();

  /** Counts one more; returns whether these are too many within ten minutes. */
  add(versionId: string, now: number): boolean {
    const recent = (this.#strikes.get(versionId) ?? []).filter((at) => now - at < rememberedMs);
    recent.push(now);
    this.#strikes.set(versionId, recent);
    return recent.length >= tooMany;
  }

  /** How many there were in the last ten minutes. */
  count(versionId: string, now: number): number {
    return this.#strikes.get(versionId)?.filter((at) => now - at < rememberedMs).length ?? 0;
  }

  forget(versionId: string): void {
    this.#strikes.delete(versionId);
  }
}
