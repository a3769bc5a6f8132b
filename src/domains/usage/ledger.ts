import { setTimeout as wait } from "node:timers/promises";
import { TollgateError } from "../../core/errors.ts";
import { GroupCommit } from "../../platform/group-commit.ts";
import type { Logger } from "../../platform/logger.ts";
import type { ChargeStore } from "./charge.store.ts";
import type { ChargeRequest, ChargeVerdict, Reversal } from "./charge.ts";

interface LedgerOptions {
  store: ChargeStore;
  logger: Logger;
  /** After this long, a statement whose outcome we did not hear has either committed or never will. */
  outcomeSettlesMs: number;
  onGroup?: (size: number, durationMs: number) => void;
}

/** A reversal that is owed, and until when its event may still turn up (absent: it is known to be there). */
interface Owed {
  reversal: Reversal;
  unknownUntil: number | undefined;
}

const retryPauseMs = 250;

/**
 * The gate and the meter in one: a charge is admitted and written down in one commit, shared by all who wait.
 *
 * Owns: charging, taking back, and the debt of reversals that the database could not take yet. Does not own: what a
 * charge is for, or whether the work succeeded.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #charges: GroupCommit<ChargeRequest, ChargeVerdict>;
  readonly #reversals: GroupCommit<Reversal, boolean>;
  /** Retried until the database takes them: work that failed on our side is not billed, even if Postgres was away. */
  readonly #owed = new Map<string, Owed>();
  #paying: Promise<void> | undefined;
  #isClosing = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { store } = options;
    this.#charges = new GroupCommit({
      commit: (requests) => store.charge(requests),
      maxGroup: 512,
      maxInFlight: 2,
      maxWaiting: 8_192,
      ...(options.onGroup ? { onGroup: options.onGroup } : {}),
    });
    this.#reversals = new GroupCommit({
      commit: async (reversals) => {
        const reversed = await store.reverse(reversals);
        return reversals.map((reversal) => reversed.has(reversal.usageEventId));
      },
      maxGroup: 512,
      maxInFlight: 1,
      maxWaiting: Number.MAX_SAFE_INTEGER,
    });
  }

  /** Reversals that still wait for the database. */
  get owed(): number {
    return this.#owed.size;
  }

  /**
   * Decides one request against every limit and, if it is admitted, commits its usage event.
   * Throws OVERLOADED when the database does not answer: nothing is served unmetered. Whether the event was written is
   * then unknown, so it is taken back as soon as the database is heard again.
   */
  async charge(request: ChargeRequest): Promise<ChargeVerdict> {
    try {
      return await this.#charges.add(request);
    } catch (cause) {
      if (cause instanceof TollgateError) throw cause; // the queue is full: nothing was sent
      throw this.#outcomeUnknown(request, cause);
    }
  }

  /** Takes a charge back. Resolves when that is committed, or when the database is away and the reversal is owed. */
  async reverse(reversal: Reversal): Promise<void> {
    try {
      await this.#reversals.add(reversal);
    } catch (error) {
      this.#options.logger.error({ err: error, usageEventId: reversal.usageEventId }, "reversal is owed");
      this.#owe({ reversal, unknownUntil: undefined });
    }
  }

  /**
   * Gives up on a charge that has not come back yet: it is taken back as soon as it is known to have been admitted.
   * Until then its reversal is owed.
   */
  giveUp(reversal: Reversal, charging: Promise<ChargeVerdict>): void {
    const owed: Owed = { reversal, unknownUntil: Number.POSITIVE_INFINITY };
    this.#owe(owed);
    charging.then(
      (verdict) => {
        if (verdict.kind === "ADMITTED") owed.unknownUntil = undefined;
        else this.#owed.delete(reversal.usageEventId);
      },
      () => undefined, // charge() itself owes what it does not know the outcome of
    );
  }

  /** Whether a reversal of this event is still on its way: who would answer for it must wait. */
  isReversalOwed(usageEventId: string): boolean {
    return this.#owed.has(usageEventId);
  }

  /** Pays what is owed as far as the database lets it within the time, and says what is left. */
  async close(withinMs: number): Promise<number> {
    const deadline = performance.now() + withinMs;
    while (this.#owed.size > 0 && performance.now() < deadline) await wait(Math.min(50, withinMs));
    this.#isClosing = true;
    await this.#paying;
    return this.#owed.size;
  }

  #outcomeUnknown(request: ChargeRequest, cause: unknown): TollgateError {
    this.#options.logger.error({ err: cause, inferenceId: request.inferenceId }, "charge failed");
    this.#owe({
      reversal: { tenantId: request.tenantId, usageEventId: request.usageEventId, reason: "OUTCOME_UNKNOWN" },
      unknownUntil: performance.now() + this.#options.outcomeSettlesMs,
    });
    return new TollgateError("OVERLOADED", "The request could not be metered, so it was not answered. Try again.", {
      cause,
      retryAfterMs: 1_000,
    });
  }

  #owe(owed: Owed): void {
    this.#owed.set(owed.reversal.usageEventId, owed);
    this.#paying ??= this.#payUntilNothingIsOwed().finally(() => {
      this.#paying = undefined;
    });
  }

  async #payUntilNothingIsOwed(): Promise<void> {
    while (this.#owed.size > 0 && !this.#isClosing) {
      await wait(retryPauseMs);
      await Promise.all([...this.#owed.values()].slice(0, 512).map((owed) => this.#pay(owed)));
    }
  }

  async #pay({ reversal, unknownUntil }: Owed): Promise<void> {
    const askedAt = performance.now();
    try {
      const isReversed = await this.#reversals.add(reversal);
      // Not there, and too late for it to appear: the charge never committed, so there is nothing to take back.
      const neverWas = unknownUntil === undefined || askedAt > unknownUntil;
      if (isReversed || neverWas) this.#owed.delete(reversal.usageEventId);
    } catch (error) {
      this.#options.logger.debug({ err: error, usageEventId: reversal.usageEventId }, "reversal is still owed");
    }
  }
}
