import type { ErrorCode } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import { repeatedly } from "../../platform/repeatedly.ts";

/** Errors of one code that a tenant's requests were answered with in one hour. */
export interface ErrorsOfHour {
  tenantId: string;
  hour: Date;
  code: ErrorCode;
  count: number;
  lastAt: Date;
}

interface ErrorTallyOptions {
  /** Adds to what was written before. */
  add: (errors: ErrorsOfHour[]) => Promise<void>;
  logger: Logger;
  now?: () => Date;
}

const hourMs = 3_600_000;
// Well above the tenants and codes of a second. More than this waits for nothing: it is not counted.
const maxPending = 50_000;

/**
 * Counts what tenants' requests were refused with, in memory, and writes it once a second. A refusal costs no write of its
 * own: whoever floods a gateway with requests that it refuses shall not flood its database too.
 */
export class ErrorTally {
  readonly #options: Required<ErrorTallyOptions>;
  readonly #writing: { stop(): Promise<void> };
  #pending = new Map<string, ErrorsOfHour>();

  constructor(options: ErrorTallyOptions) {
    this.#options = { now: () => new Date(), ...options };
    const { logger } = options;
    this.#writing = repeatedly({ everyMs: 1_000, name: "counting errors", logger }, () => this.flush());
  }

  note(tenantId: string, code: ErrorCode): void {
    const now = this.#options.now();
    const hour = new Date(Math.floor(now.getTime() / hourMs) * hourMs);
    this.#gather({ tenantId, hour, code, count: 1, lastAt: now });
  }

  /** Writes what has gathered. What could not be written is kept for the next time. */
  async flush(): Promise<void> {
    const taken = this.#pending;
    if (taken.size === 0) return;
    this.#pending = new Map();
    try {
      await this.#options.add([...taken.values()]);
    } catch (error) {
      for (const errors of taken.values()) this.#gather(errors);
      throw error;
    }
  }

  /** Call it after the last request. */
  async close(): Promise<void> {
    await this.#writing.stop();
    await this.flush().catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, "the last errors of tenants were not counted");
    });
  }

  #gather({ tenantId, hour, code, count, lastAt }: ErrorsOfHour): void {
    const key = `${tenantId} ${hour.getTime()} ${code}`;
    const before = this.#pending.get(key);
    if (before === undefined && this.#pending.size >= maxPending) return;
    const latest = before !== undefined && before.lastAt > lastAt ? before.lastAt : lastAt;
    this.#pending.set(key, { tenantId, hour, code, count: count + (before?.count ?? 0), lastAt: latest });
  }
}
