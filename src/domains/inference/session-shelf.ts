import type { LoadedVersion } from "./loaded-version.ts";

export interface ShelvedSession {
  version: LoadedVersion;
  /** On the clock of performance.now(). */
  usedAt: number;
}

/** The sessions that one runner holds, and what they take of its memory. */
export class SessionShelf {
  readonly #sessions = new Map<number, ShelvedSession>();

  get bytes(): number {
    let bytes = 0;
    for (const { version } of this.#sessions.values()) bytes += version.memoryBytes;
    return bytes;
  }

  get versions(): LoadedVersion[] {
    return [...this.#sessions.values()].map(({ version }) => version);
  }

  holds(version: LoadedVersion): boolean {
    return this.#sessions.has(version.session);
  }

  put(version: LoadedVersion): void {
    this.#sessions.set(version.session, { version, usedAt: performance.now() });
  }

  remove(version: LoadedVersion): void {
    this.#sessions.delete(version.session);
  }

  use(version: LoadedVersion): void {
    const session = this.#sessions.get(version.session);
    if (session !== undefined) session.usedAt = performance.now();
  }

  all(): ShelvedSession[] {
    return [...this.#sessions.values()];
  }
}

/**
 * What has to go so that so many bytes fit: the sessions that were used longest ago, no more of them than needed.
 * Undefined where it fits not even alone.
 */
export function evictionFor(
  sessions: readonly ShelvedSession[],
  { neededBytes, budgetBytes }: { neededBytes: number; budgetBytes: number },
): ShelvedSession[] | undefined {
  if (neededBytes > budgetBytes) return undefined;
  let bytes = neededBytes;
  for (const { version } of sessions) bytes += version.memoryBytes;
  const evicted: ShelvedSession[] = [];
  for (const session of sessions.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (bytes <= budgetBytes) break;
    bytes -= session.version.memoryBytes;
    evicted.push(session);
  }
  return evicted;
}

/**
 * The runner on which a version costs the others least: where it fits as it is, otherwise where what has to go was used
 * longest ago. Undefined where it fits nowhere.
 */
export function cheapestRoom<R extends { shelf: SessionShelf }>(
  runners: readonly R[],
  room: { neededBytes: number; budgetBytes: number },
): R | undefined {
  let cheapest: { runner: R; lostUseAt: number } | undefined;
  for (const runner of runners) {
    const evicted = evictionFor(runner.shelf.all(), room);
    if (evicted === undefined) continue;
    const lostUseAt = Math.max(Number.NEGATIVE_INFINITY, ...evicted.map(({ usedAt }) => usedAt));
    if (cheapest === undefined || lostUseAt < cheapest.lostUseAt) cheapest = { runner, lostUseAt };
  }
  return cheapest?.runner;
}
