/** Counts the rows that wait, in all and of each tenant, against the most that may. */
export class QueueLimits {
  readonly #maxPerTenant: number;
  readonly #max: number;
  readonly #ofTenant = new Map<string, number>();
  #total = 0;

  constructor(limits: { maxQueuedInputsPerTenant: number; maxQueuedInputs: number }) {
    this.#maxPerTenant = limits.maxQueuedInputsPerTenant;
    this.#max = limits.maxQueuedInputs;
  }

  get queued(): number {
    return this.#total;
  }

  /** More rows than this can never be queued at once. */
  get mostAtOnce(): number {
    return Math.min(this.#maxPerTenant, this.#max);
  }

  queuedBy(tenantId: string): number {
    return this.#ofTenant.get(tenantId) ?? 0;
  }

  /** Which of the two limits these rows would break. */
  brokenBy(tenantId: string, rows: number): "TENANT" | "ALL" | undefined {
    if (this.queuedBy(tenantId) + rows > this.#maxPerTenant) return "TENANT";
    return this.#total + rows > this.#max ? "ALL" : undefined;
  }

  add(tenantId: string, rows: number): void {
    this.#total += rows;
    this.#ofTenant.set(tenantId, this.queuedBy(tenantId) + rows);
  }

  remove(tenantId: string, rows: number): void {
    const left = this.queuedBy(tenantId) - rows;
    this.#total -= rows;
    if (left > 0) this.#ofTenant.set(tenantId, left);
    else this.#ofTenant.delete(tenantId);
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
