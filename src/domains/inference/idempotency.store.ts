import type { Database } from "../../platform/database.ts";

/** The answer to store under a caller's idempotency key. */
export interface StoredAnswer {
  tenantId: string;
  key: string;
  inferenceId: string;
  answer: object;
}

/**
 * What became of an answer that was to be stored. EARLIER: another gateway, which took this one for dead or was taken for
 * dead itself, was first, and its answer is everybody's. GONE: the charge was taken back meanwhile.
 */
export type StoringOutcome = { kind: "STORED" } | { kind: "EARLIER"; answer: unknown } | { kind: "GONE" };

/** What stands under a key: charged by whom, and the answer once there is one. */
export interface KeyState {
  usageEventId: string;
  holder: string;
  answer: unknown;
}

/** Answers that outlive the request: rows are made by the charge, in its commit; here they get their answer. */
export class IdempotencyStore {
  readonly #database: Database;
  readonly #instanceId: string;

  constructor(database: Database, instanceId: string) {
    this.#database = database;
    this.#instanceId = instanceId;
  }

  /** Stores the answers of a group in one commit, each under the charge that it was worked out for. */
  async store(answers: readonly StoredAnswer[]): Promise<StoringOutcome[]> {
    const rows = await this.#database.chargeSql<{ ord: number; is_stored: boolean; answer: unknown }>({
      name: "store-answers",
      text: `
        update idempotency_keys k
          set answer = coalesce(k.answer, given.answer)
          from json_to_recordset($1::json)
            as given(ord integer, tenant_id text, key text, inference_id text, answer jsonb)
          where k.tenant_id = given.tenant_id and k.key = given.key and k.inference_id = given.inference_id
          returning given.ord, k.answer = given.answer as is_stored,
                    case when k.answer <> given.answer then k.answer end as answer`,
      values: [
        JSON.stringify(
          answers.map((one, ord) => ({
            ord,
            tenant_id: one.tenantId,
            key: one.key,
            inference_id: one.inferenceId,
            answer: one.answer,
          })),
        ),
      ],
    });
    const outcomes = answers.map((): StoringOutcome => ({ kind: "GONE" }));
    for (const { ord, is_stored, answer } of rows)
      outcomes[ord] = is_stored ? { kind: "STORED" } : { kind: "EARLIER", answer };
    return outcomes;
  }

  async find(tenantId: string, key: string): Promise<KeyState | undefined> {
    const rows = await this.#database.chargeSql<KeyState>({
      name: "find-idempotency-key",
      text: `
        select usage_event_id as "usageEventId", holder, answer
          from idempotency_keys
          where tenant_id = $1 and key = $2`,
      values: [tenantId, key],
    });
    return rows[0];
  }

  /**
   * Takes over a key whose holder has gone. Of several that try at once, one gets it: the update of the row by the first
   * makes the others' condition false. The same row is locked by a reversal, so either this fails or the charge stays.
   * The charge is named too: the holder, alive after all, may have taken it back and begun again under another one.
   */
  async takeOver(tenantId: string, key: string, from: { holder: string; usageEventId: string }): Promise<boolean> {
    const rows = await this.#database.chargeSql({
      name: "take-over-idempotency-key",
      text: `
        update idempotency_keys
          set holder = $5
          where tenant_id = $1 and key = $2 and usage_event_id = $3 and holder = $4 and answer is null
          returning key`,
      values: [tenantId, key, from.usageEventId, from.holder, this.#instanceId],
    });
    return rows.length === 1;
  }

  /** Forgets what is older than the day that keys are kept for. */
  async deleteExpired(): Promise<void> {
    await this.#database.systemSql({
      name: "delete-expired-idempotency-keys",
      text: "delete from idempotency_keys where expires_at <= now()",
    });
  }
}
