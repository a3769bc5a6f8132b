export interface QueueLimitOptions {
  maxQueuedInputs: number;
  maxQueuedInputsPerVersion: number;
  maxQueuedInputsPerTenant: number;
  /** What accepted requests may hold of memory until they are answered; half of it for one tenant. */
  maxBytesInFlight: number;
}

/** What a request weighs: rows while they wait for a batch, bytes until it is answered. */
export interface Load {
  rows: number;
  bytes: number;
}

export type BrokenLimit = "TENANT" | "VERSION" | "ALL" | "TENANT_BYTES" | "BYTES";

/** Counts what waits and what is held: in all, for each tenant, and for each version. */
export class QueueLimits {
  readonly #options: QueueLimitOptions;
  readonly #ofTenant = new Map<string, Load>();
  readonly #ofVersion = new Map<string, number>();
  readonly #all: Load = { rows: 0, bytes: 0 };

  constructor(options: QueueLimitOptions) {
    this.#options = options;
  }

  get queued(): number {
    return this.#all.rows;
  }

  get bytesInFlight(): number {
    return this.#all.bytes;
  }

  /** More rows than this can never be queued at once. */
  get mostAtOnce(): number {
    const { maxQueuedInputs, maxQueuedInputsPerTenant, maxQueuedInputsPerVersion } = this.#options;
    return Math.min(maxQueuedInputs, maxQueuedInputsPerTenant, maxQueuedInputsPerVersion);
  }

  /** A request of more bytes than this can never be accepted. */
  get mostBytesAtOnce(): number {
    return Math.floor(this.#options.maxBytesInFlight / 2);
  }

  queuedBy(tenantId: string): number {
    return this.#ofTenant.get(tenantId)?.rows ?? 0;
  }

  /** The limit that this request would break. */
  brokenBy(versionId: string, tenantId: string, { rows, bytes }: Load): BrokenLimit | undefined {
    const { maxQueuedInputs, maxQueuedInputsPerTenant, maxQueuedInputsPerVersion, maxBytesInFlight } = this.#options;
    const held = this.#ofTenant.get(tenantId);
    if ((held?.rows ?? 0) + rows > maxQueuedInputsPerTenant) return "TENANT";
    if ((held?.bytes ?? 0) + bytes > this.mostBytesAtOnce) return "TENANT_BYTES";
    if ((this.#ofVersion.get(versionId) ?? 0) + rows > maxQueuedInputsPerVersion) return "VERSION";
    if (this.#all.rows + rows > maxQueuedInputs) return "ALL";
    return this.#all.bytes + bytes > maxBytesInFlight ? "BYTES" : undefined;
  }

  add(versionId: string, tenantId: string, { rows, bytes }: Load): void {
    this.#all.rows += rows;
    this.#all.bytes += bytes;
    this.#ofVersion.set(versionId, (this.#ofVersion.get(versionId) ?? 0) + rows);
    const held = this.#ofTenant.get(tenantId);
    if (held === undefined) {
      this.#ofTenant.set(tenantId, { rows, bytes });
      return;
    }
    held.rows += rows;
    held.bytes += bytes;
  }

  remove(versionId: string, tenantId: string, { rows, bytes }: Load): void {
    this.#all.rows -= rows;
    this.#all.bytes -= bytes;
    const ofVersion = (this.#ofVersion.get(versionId) ?? 0) - rows;
    if (ofVersion > 0) this.#ofVersion.set(versionId, ofVersion);
    else this.#ofVersion.delete(versionId);
    const held = this.#ofTenant.get(tenantId);
    if (held === undefined) return;
    held.rows -= rows;
    held.bytes -= bytes;
    if (held.rows <= 0 && held.bytes <= 0) this.#ofTenant.delete(tenantId);
  }
}

const leastMs = 5;
const mostMs = 60_000;

/**
 * When to come back: the time in which the rows that are in the way will have run, at the rate measured of late and the
 * share of it that serves them.
 */
export function retryAfterMs({ rows, msPerRow, share }: { rows: number; msPerRow: number; share: number }): number {
  return Math.min(mostMs, Math.max(leastMs, Math.ceil((rows * msPerRow) / share)));
}
