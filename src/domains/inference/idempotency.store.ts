import type { Database } from "../../platform/database.ts";

/** The answer to store under a caller's idempotency key. */
export interface StoredAnswer {
  tenantId: string;
  key: string;
  inferenceId: string;
  answer: object;
}

/** What stands under a key: charged by whom, and the answer once there is one. */
export interface KeyState {
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

  /** Stores the answers of a group in one commit. One that is there already stays: all of them are the same. */
  async store(answers: readonly StoredAnswer[]): Promise<void> {
    await this.#database.chargeSql({
      name: "store-answers",
      text: `
        update idempotency_keys k
          set answer = a.answer
          from (
            select x.tenant_id, x.key, x.inference_id, x.answer
              from json_to_recordset($1::json) as x(tenant_id text, key text, inference_id text, answer jsonb)
              order by x.tenant_id, x.key
          ) a
          where k.tenant_id = a.tenant_id and k.key = a.key and k.inference_id = a.inference_id and k.answer is null`,
      values: [
        JSON.stringify(
          answers.map((one) => ({
            tenant_id: one.tenantId,
            key: one.key,
            inference_id: one.inferenceId,
            answer: one.answer,
          })),
        ),
      ],
    });
  }

  async find(tenantId: string, key: string): Promise<KeyState | undefined> {
    const rows = await this.#database.chargeSql<KeyState>({
      name: "find-idempotency-key",
      text: "select holder, answer from idempotency_keys where tenant_id = $1 and key = $2",
      values: [tenantId, key],
    });
    return rows[0];
  }

  /**
   * Takes over a key whose holder has gone. Of several that try at once, one gets it: the update of the row by the first
   * makes the others' condition false. The same row is locked by a reversal, so either this fails or the charge stays.
   */
  async takeOver(tenantId: string, key: string, holder: string): Promise<boolean> {
    const rows = await this.#database.chargeSql({
      name: "take-over-idempotency-key",
      text: `
        update idempotency_keys
          set holder = $4
          where tenant_id = $1 and key = $2 and holder = $3 and answer is null
          returning key`,
      values: [tenantId, key, holder, this.#instanceId],
    });
    return rows.length === 1;
  }

  /** Lets go of a key that this gateway could not bring to an end, so that the next repeat takes it over at once. */
  async letGo(tenantId: string, key: string): Promise<void> {
    await this.#database.chargeSql({
      name: "let-go-of-idempotency-key",
      text: "update idempotency_keys set holder = '' where tenant_id = $1 and key = $2 and holder = $3 and answer is null",
      values: [tenantId, key, this.#instanceId],
    });
  }

  /** Forgets what is older than the day that keys are kept for. */
  async deleteExpired(): Promise<void> {
    await this.#database.systemSql({
      name: "delete-expired-idempotency-keys",
      text: "delete from idempotency_keys where expires_at <= now()",
    });
  }
}
