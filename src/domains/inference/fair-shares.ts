import type { RunKind } from "./accepted-request.ts";

/** What waits for a person comes first; what was submitted for later takes what is left. */
const kindWeights: Record<RunKind, number> = { INTERACTIVE: 1, EXPLANATION: 0.25, JOB: 0.1 };
const leastWeight = 0.01;
/** How long the runners count as shared after a second tenant asked. */
const contendedMs = 1_000;
/** How long callers count as there after the last of them asked. */
const callersMs = 1_000;
/** With so many accounts, those that wait for nothing are forgotten. */
const manyAccounts = 4_096;

/**
 * How much each tenant had of the runners, over all lanes: start-time fair queueing (Goyal, Vin and Cheng, 1996). An
 * account's level is the time it was served, divided by its weight; the lowest level that waits is served next. Deficit
 * round robin in each lane was there before: it shares a lane well, but a tenant who used three lanes got three shares.
 */
export class FairShares {
  readonly #accounts = new Map<string, Account>();
  /** The level of the account whose turn it was last. Who begins to wait starts here: time spent idle is no credit. */
  #clock = 0;
  /** The tenant that began to wait, or was served, last. */
  #lastTenant: string | undefined;
  #contendedUntil = 0;
  #callersUntil = 0;

  /** The tenant's account. Its weight is that of its latest request. */
  of(tenantId: string, weight: number): Account {
    let account = this.#accounts.get(tenantId);
    if (account === undefined) {
      if (this.#accounts.size >= manyAccounts) this.#forget();
      account = new Account(tenantId, this);
      this.#accounts.set(tenantId, account);
    }
    account.weight = Math.max(leastWeight, weight);
    return account;
  }

  /** How many accounts there are. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Whether more than one tenant has used the runners of late. @param now on the clock of performance.now() */
  isContended(now: number): boolean {
    return now < this.#contendedUntil;
  }

  /** Whether somebody waits for answers, or did of late. @param now on the clock of performance.now() */
  hasCallers(now: number): boolean {
    return now < this.#callersUntil;
  }

  seeCaller(): void {
    this.#callersUntil = performance.now() + callersMs;
  }

  /** A tenant begins to wait, or is served: one that floods never stops waiting, and never begins to again. */
  see(tenantId: string): void {
    if (this.#lastTenant !== undefined && this.#lastTenant !== tenantId)
      this.#contendedUntil = performance.now() + contendedMs;
    this.#lastTenant = tenantId;
  }

  get clock(): number {
    return this.#clock;
  }

  /** To be called with the account whose turn it is, before it is charged: once for each batch. */
  turnTo(account: Account): void {
    this.#clock = Math.max(this.#clock, account.level);
  }

  /** Who waits for nothing begins anew: of so many tenants, each had little, and is at most a batch ahead. */
  #forget(): void {
    for (const [tenantId, account] of this.#accounts) if (!account.isWaiting) this.#accounts.delete(tenantId);
  }
}

/** One tenant's account, and within it one for each kind of its work: three kinds get no three shares. */
export class Account {
  readonly tenantId: string;
  weight = 1;
  level = 0;
  readonly #shares: FairShares;
  readonly #levels: Record<RunKind, number> = { INTERACTIVE: 0, EXPLANATION: 0, JOB: 0 };
  readonly #waiting: Record<RunKind, number> = { INTERACTIVE: 0, EXPLANATION: 0, JOB: 0 };
  #lines = 0;
  #clock = 0;

  constructor(tenantId: string, shares: FairShares) {
    this.tenantId = tenantId;
    this.#shares = shares;
  }

  get isWaiting(): boolean {
    return this.#lines > 0;
  }

  levelOf(kind: RunKind): number {
    return this.#levels[kind];
  }

  /** Rows of this kind begin to wait in one more lane. */
  join(kind: RunKind): void {
    if (this.#lines++ === 0) {
      this.level = Math.max(this.level, this.#shares.clock);
      this.#shares.see(this.tenantId);
    }
    if (kind === "INTERACTIVE") this.#shares.seeCaller();
    if (this.#waiting[kind]++ === 0) this.#levels[kind] = Math.max(this.#levels[kind], this.#clock);
  }

  /** A lane has no more rows of this kind. */
  leave(kind: RunKind): void {
    this.#lines--;
    this.#waiting[kind]--;
  }

  /** A row of this kind is taken, and expected to run so long. */
  serve(kind: RunKind, ms: number): void {
    this.#shares.see(this.tenantId);
    this.#clock = Math.max(this.#clock, this.#levels[kind]);
    this.level += ms / this.weight;
    this.#levels[kind] += ms / kindWeights[kind];
  }

  /** It took so much longer than expected, or, less than nought, so much less. */
  correct(kind: RunKind, ms: number): void {
    this.level += ms / this.weight;
    // Not below the clock: a kind that came meanwhile would wait for what only seemed to have been served.
    this.#levels[kind] = Math.max(this.#clock, this.#levels[kind] + ms / kindWeights[kind]);
  }
}
