/** A version that broke its runner: a crash, a hang, more memory than it may have. */
export interface Break {
  versionId: string;
  /** Whether several tenants may call it. What an own model does to its process is its owner's affair alone. */
  isShared: boolean;
  /** Whose inputs were in it; nobody's where it broke while it was loaded. */
  tenantIds: ReadonlySet<string>;
}

/** What follows from a break. `WITHHELD`: the version is kept from that tenant; `QUARANTINED`: from everybody. */
export type Verdict = { kind: "NOTED" } | { kind: "WITHHELD"; tenantId: string } | { kind: "QUARANTINED" };

const rememberedMs = 10 * 60_000;
const tooMany = 3;
/** So many inputs of a suspect answered, each alone in its batch, and it is one no more. */
const answersThatClear = 64;

/** What is known of a tenant and a shared version. */
interface Record {
  /** When inputs of it, and of nobody else, broke the version. */
  strikes: number[];
  /** It was one of several tenants in a batch that broke. */
  suspectUntil: number;
  answersToClear: number;
  withheldUntil: number;
}

/**
 * Tells a version that keeps breaking from a tenant whose inputs break it.
 *
 * A batch that breaks names nobody where several tenants shared it: they are suspects, whose inputs run alone from then
 * on, so that the next break has one name. Three of a tenant's own breaks within ten minutes, and the version is kept
 * from that tenant. Only what more than one tenant shows is the version's: three tenants who broke it, or a second one
 * that it would have to be kept from.
 */
export class Strikes {
  /** Breaks that are the version's, whoever asked. */
  readonly #ofVersions = new Map<string, number[]>();
  readonly #ofTenants = new Map<string, Map<string, Record>>();

  add({ versionId, isShared, tenantIds }: Break, now: number): Verdict {
    const [tenantId, ...others] = tenantIds;
    if (!isShared || tenantId === undefined) return this.#addToVersion(versionId, now);
    const records = this.#recordsOf(versionId, now);
    if (others.length === 0) return strike(records, tenantId, now);
    for (const suspect of tenantIds) {
      const record = recordOf(records, suspect);
      record.suspectUntil = now + rememberedMs;
      record.answersToClear = answersThatClear;
    }
    return { kind: "NOTED" };
  }

  /** To be called with what a tenant was answered. */
  answered({ versionId, tenantId, rows }: { versionId: string; tenantId: string; rows: number }): void {
    const record = this.#ofTenants.get(versionId)?.get(tenantId);
    if (record === undefined || record.answersToClear === 0) return;
    record.answersToClear = Math.max(0, record.answersToClear - rows);
  }

  /** Whether the tenant's inputs run each in a batch of its own: it is not known which of them breaks the version. */
  runsAlone(versionId: string, tenantId: string, now: number): boolean {
    const record = this.#ofTenants.get(versionId)?.get(tenantId);
    if (record === undefined) return false;
    return (record.suspectUntil > now && record.answersToClear > 0) || record.strikes.some(isRecent(now));
  }

  /** Until when the version is kept from the tenant; undefined where it is not. */
  withheldUntil(versionId: string, tenantId: string, now: number): number | undefined {
    const until = this.#ofTenants.get(versionId)?.get(tenantId)?.withheldUntil ?? 0;
    return until > now ? until : undefined;
  }

  /** How many breaks with one name there were in the last ten minutes: the version's own, and each tenant's. */
  count(versionId: string, now: number): number {
    const ofTenants = [...(this.#ofTenants.get(versionId)?.values() ?? [])].flatMap(({ strikes }) => strikes);
    return [...(this.#ofVersions.get(versionId) ?? []), ...ofTenants].filter(isRecent(now)).length;
  }

  forget(versionId: string): void {
    this.#ofVersions.delete(versionId);
    this.#ofTenants.delete(versionId);
  }

  #addToVersion(versionId: string, now: number): Verdict {
    const recent = (this.#ofVersions.get(versionId) ?? []).filter(isRecent(now));
    recent.push(now);
    this.#ofVersions.set(versionId, recent);
    return { kind: recent.length >= tooMany ? "QUARANTINED" : "NOTED" };
  }

  /** Those that still say something; the others are dropped. */
  #recordsOf(versionId: string, now: number): Map<string, Record> {
    const records = this.#ofTenants.get(versionId) ?? new Map<string, Record>();
    this.#ofTenants.set(versionId, records);
    for (const [tenantId, record] of records) {
      record.strikes = record.strikes.filter(isRecent(now));
      const isOver = record.strikes.length === 0 && record.suspectUntil <= now && record.withheldUntil <= now;
      if (isOver) records.delete(tenantId);
    }
    return records;
  }
}

function strike(records: Map<string, Record>, tenantId: string, now: number): Verdict {
  const record = recordOf(records, tenantId);
  record.strikes.push(now);
  const strikers = [...records.values()].filter(({ strikes }) => strikes.length > 0);
  if (strikers.length >= tooMany) return { kind: "QUARANTINED" };
  if (record.strikes.length < tooMany || record.withheldUntil > now) return { kind: "NOTED" };
  if (strikers.some((other) => other !== record && other.withheldUntil > now)) return { kind: "QUARANTINED" };
  record.withheldUntil = now + rememberedMs;
  return { kind: "WITHHELD", tenantId };
}

function recordOf(records: Map<string, Record>, tenantId: string): Record {
  const known = records.get(tenantId);
  if (known !== undefined) return known;
  const record = { strikes: [], suspectUntil: 0, answersToClear: 0, withheldUntil: 0 };
  records.set(tenantId, record);
  return record;
}

function isRecent(now: number): (at: number) => boolean {
  return (at) => now - at < rememberedMs;
}
