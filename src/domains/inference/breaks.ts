import { TollgateError } from "../../core/errors.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { BatchEntry, Lane } from "./lane.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import { Strikes } from "./strikes.ts";

export interface BreaksOptions {
  onEvent: (event: EngineEvent) => void;
  /** The version breaks, whoever asks: it takes no more requests. */
  takeOut: (version: LoadedVersion, reason: string) => void;
}

/** What follows where a version breaks its runner: for the version, or for the tenant whose inputs broke it. */
export class Breaks {
  readonly #options: BreaksOptions;
  readonly #strikes = new Strikes();

  constructor(options: BreaksOptions) {
    this.#options = options;
  }

  /** A batch broke its runner, or wanted more memory than it may have. */
  ofBatch(lane: Lane, entries: readonly BatchEntry[], reason: string): void {
    const { version } = lane;
    const tenantIds = new Set(entries.map(({ accepted }) => accepted.request.tenantId));
    const verdict = this.#add(version, { tenantIds, reason });
    if (verdict.kind === "QUARANTINED") this.#options.takeOut(version, reason);
    if (verdict.kind === "WITHHELD") this.#withhold(lane, { tenantId: verdict.tenantId, entries, reason });
  }

  /** It broke a runner onto which it was loaded once more: that is nobody's input. */
  ofLoad(version: LoadedVersion, reason: string): void {
    const verdict = this.#add(version, { tenantIds: new Set(), reason });
    if (verdict.kind === "QUARANTINED") this.#options.takeOut(version, reason);
  }

  /** Why this tenant gets no answer of the version for now; undefined where it does. */
  refusalFor({ id, manifest }: LoadedVersion, tenantId: string): TollgateError | undefined {
    const now = performance.now();
    const until = this.#strikes.withheldUntil(id, tenantId, now);
    if (until === undefined) return undefined;
    const minutes = Math.ceil((until - now) / 60_000);
    return new TollgateError(
      "MODEL_WITHHELD",
      `Inputs of this tenant broke ${manifest.name} version ${manifest.version} again and again, and nobody else's did: ` +
        `it is kept from the tenant for ${minutes} more ${minutes === 1 ? "minute" : "minutes"}. ` +
        "The audit log names the input; mend it, or ask another version.",
      { retryAfterMs: Math.ceil(until - now) },
    );
  }

  /** Whether the tenant's inputs run each in a batch of its own, so that a break has one name and costs nobody else. */
  runsAlone(versionId: string, tenantId: string): boolean {
    return this.#strikes.runsAlone(versionId, tenantId, performance.now());
  }

  answered(request: { versionId: string; tenantId: string; rows: readonly unknown[] }): void {
    this.#strikes.answered({ ...request, rows: request.rows.length });
  }

  count(versionId: string): number {
    return this.#strikes.count(versionId, performance.now());
  }

  forget(versionId: string): void {
    this.#strikes.forget(versionId);
  }

  #add(version: LoadedVersion, { tenantIds, reason }: { tenantIds: ReadonlySet<string>; reason: string }) {
    const { id: versionId, ownerTenantId } = version;
    this.#options.onEvent({ kind: "VERSION_STRUCK", versionId, tenantIds: [...tenantIds], reason });
    return this.#strikes.add({ versionId, isShared: ownerTenantId === undefined, tenantIds }, performance.now());
  }

  #withhold(
    { version, open }: Lane,
    { tenantId, entries, reason }: { tenantId: string; entries: readonly BatchEntry[]; reason: string },
  ): void {
    const refusal = this.refusalFor(version, tenantId);
    if (refusal === undefined) return;
    const [entry] = entries;
    const position = entries.length === 1 ? entry?.position : undefined;
    const forMs = refusal.retryAfterMs ?? 0;
    this.#options.onEvent({ kind: "VERSION_WITHHELD", versionId: version.id, tenantId, reason, position, forMs });
    for (const accepted of [...open]) {
      if (accepted.request.tenantId === tenantId && accepted.queuedRows > 0) accepted.fail(refusal);
    }
  }
}
