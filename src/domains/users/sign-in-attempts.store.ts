import type { Clock } from "../../core/clock.ts";
import { TollgateError } from "../../core/errors.ts";
import type { Database } from "../../platform/database.ts";
import { type AttemptSubjects, attemptLimits } from "./attempt-limits.ts";

/** Counts attempts to sign in, across replicas. */
export class SignInAttemptsStore {
  readonly #database: Database;
  readonly #clock: Clock;
  #sweptAt = 0;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Counts an attempt, or throws RATE_LIMITED where the account or the address has used up its own. */
  async admit(subjects: AttemptSubjects): Promise<void> {
    await this.#sweep();
    const now = this.#clock.now();
    const over = now.getTime() - attemptLimits.stretchMs;
    const [counted] = await this.#database.systemSql<Counted>({
      name: "admit-sign-in-attempt",
      text: admitSql,
      values: [subjects.address, subjects.account, now, new Date(over), attemptLimits.address, attemptLimits.account],
    });
    const refusedBy = counted?.refused_by;
    if (!refusedBy) return;
    const retryAfterMs = Math.max(refusedBy.getTime() - over, 1);
    throw new TollgateError(
      "RATE_LIMITED",
      `Too many attempts to sign in. Try again in ${Math.ceil(retryAfterMs / 1000)} seconds.`,
      { retryAfterMs },
    );
  }

  /** Takes back an attempt that was not carried out. */
  async takeBack({ account, address }: AttemptSubjects): Promise<void> {
    await Promise.all([this.#decrease(address), this.#decrease(account)]);
  }

  /**
   * After a success: the account's count is cleared. The address only gets this attempt back, or somebody with a user of
   * their own could clear it between guesses.
   */
  async succeed({ account, address }: AttemptSubjects): Promise<void> {
    await Promise.all([
      this.#decrease(address),
      this.#database.systemSql({ text: "delete from sign_in_attempts where subject = $1", values: [account] }),
    ]);
  }

  async #decrease(subject: string): Promise<void> {
    await this.#database.systemSql({
      text: "update sign_in_attempts set attempts = attempts - 1 where subject = $1 and attempts > 0",
      values: [subject],
    });
  }

  /** Forgets what no longer counts, at most once a minute. Rows that are being counted at the moment are left for later. */
  async #sweep(): Promise<void> {
    const now = this.#clock.now().getTime();
    if (Math.abs(now - this.#sweptAt) < 60_000) return;
    this.#sweptAt = now;
    await this.#database.systemSql({
      text: `
        delete from sign_in_attempts
        where subject in (
          select subject from sign_in_attempts where starts_at <= $1 limit 10000 for update skip locked
        )`,
      values: [new Date(now - attemptLimits.stretchMs)],
    });
  }
}

interface Counted {
  /** When the stretch began whose limit refuses the attempt; null: it is admitted. */
  refused_by: Date | null;
}

/**
 * One statement, so that attempts at once, on any number of replicas, are counted one after the other: each upsert holds
 * its row until the commit and sees the count before it. An address that is refused does not reach the account, so that
 * a flood from one place cannot lock accounts. Everyone locks an address first and then an account: no deadlock.
 */
const admitSql = `
  with address as (
    insert into sign_in_attempts as a (subject, attempts, starts_at)
    values ($1, 1, $3::timestamptz)
    on conflict (subject) do update
      set attempts = case when a.starts_at <= $4 then 1 else least(a.attempts, $5::int) + 1 end,
          starts_at = case when a.starts_at <= $4 then $3 else a.starts_at end
    returning attempts, starts_at
  ),
  account as (
    insert into sign_in_attempts as a (subject, attempts, starts_at)
    select $2, 1, $3 from address where address.attempts <= $5
    on conflict (subject) do update
      set attempts = case when a.starts_at <= $4 then 1 else least(a.attempts, $6::int) + 1 end,
          starts_at = case when a.starts_at <= $4 then $3 else a.starts_at end
    returning attempts, starts_at
  )
  select case
           when address.attempts > $5 then address.starts_at
           when account.attempts > $6 then account.starts_at
         end as refused_by
  from address left join account on true`;
