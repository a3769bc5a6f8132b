import type { Database, Sql } from "../../platform/database.ts";
import type { Claim, Committed, Outcomes } from "./claim.ts";
import { type ChargeWithin, chargeOf, credentialPause, pauseOf } from "./item-charge.ts";
import { type JobPause, stateAtTheEnd } from "./job.ts";
import { toExplanation } from "./job-explanation.ts";
import { recentAfter } from "./job-progress.ts";
import { inputsOf } from "./outcome.ts";
import { unpackRecords } from "./slice.ts";
import { failedClaimsAfterProgress } from "./slice-attempt.ts";
import { mergeResults } from "./slice-results.ts";
import { type HeldRow, holdSql, pauseSql, writeJobSql, writeSliceSql } from "./slices-sql.ts";

interface SlicesStoreOptions {
  database: Database;
  instanceId: string;
  charge: ChargeWithin;
  /** Called in the transaction that ends a job. */
  onFinished: (sql: Sql, job: { tenantId: string; jobId: string; state: string }) => Promise<void>;
  resultsRetentionDays: number;
}

interface ClaimRow {
  tenant_id: string;
  job_id: string;
  slice: number;
  epoch: number;
  attempts: number;
  first_item: string;
  inputs: Uint8Array;
  states: Uint8Array;
  results: Uint8Array | null;
  model_version_id: string;
  top_k: number;
  explain: unknown;
  round: number;
  is_probe: boolean;
}

/** How long a claim lasts. A worker that is known to be gone loses its claims at once. */
export const leaseMs = 30_000;

/** Claims of slices, and the one transaction in which a slice's results, its items' states and their charges are written. */
export class SlicesStore {
  readonly #options: SlicesStoreOptions;

  constructor(options: SlicesStoreOptions) {
    this.#options = options;
  }

  /** The next slice in fairness, of a version that has a cost here; undefined where there is none. */
  async claim(costs: Readonly<Record<string, number>>): Promise<Claim | undefined> {
    const rows = await this.#options.database.jobTransaction(async (sql) => {
      // A claim that a crash of Postgres forgets was never made: its worker finds another epoch.
      await sql({ text: "set local synchronous_commit = off" });
      return (await sql({
        name: "claim-job-slice",
        text: "select * from claim_job_slice($1, $2, $3)",
        values: [this.#options.instanceId, leaseMs, JSON.stringify(costs)],
      })) as ClaimRow[];
    });
    const [row] = rows;
    return row === undefined ? undefined : toClaim(row);
  }

  /**
   * Writes what items came to and charges those that succeeded, all in one transaction behind the fence. An item that is
   * not admitted waits on, and the job with it.
   */
  async commit(claim: Claim, outcomes: Outcomes): Promise<Committed> {
    return await this.#options.database.jobTransaction(async (sql) => {
      const [held] = (await sql({
        name: "hold-job-slice",
        text: holdSql,
        values: [claim.tenantId, claim.jobId, claim.slice, this.#options.instanceId, claim.epoch],
      })) as HeldRow[];
      if (held === undefined) return { kind: "LOST" };
      if (held.credential === null) {
        await this.#pause(sql, claim, credentialPause);
        await this.#write(sql, claim, { outcomes: new Map(), failedClaims: claim.failedClaims });
        return { kind: "COMMITTED", ended: 0, isPaused: true };
      }
      return await this.#chargeAndWrite(sql, claim, { ...held, credential: held.credential }, outcomes);
    });
  }

  /** Gives a slice back. `isBlameless`: what kept it from ending had nothing to do with the slice. */
  async handBack(claim: Claim, { isBlameless }: { isBlameless: boolean }): Promise<void> {
    await this.#options.database.systemSql({
      name: "hand-back-slice",
      text: `
        with slice as (
          update job_slices
            set holder = null, lease_until = null, epoch = epoch + 1, attempts = attempts - $6::integer
            where tenant_id = $1 and job_id = $2 and slice = $3 and holder = $4 and epoch = $5
            returning 1)
        update jobs set paused_until = clock_timestamp()
          where $7 and tenant_id = $1 and id = $2 and state = 'PAUSED_BY_LIMIT' and exists (select from slice)`,
      values: [
        claim.tenantId,
        claim.jobId,
        claim.slice,
        this.#options.instanceId,
        claim.epoch,
        isBlameless ? 1 : 0,
        claim.isProbe,
      ],
    });
  }

  async #chargeAndWrite(
    sql: Sql,
    claim: Claim,
    held: HeldRow & { credential: string },
    outcomes: Outcomes,
  ): Promise<Committed> {
    const job = {
      tenantId: claim.tenantId,
      id: claim.jobId,
      round: claim.round,
      modelId: held.model_id,
      modelVersionId: claim.modelVersionId,
      credential: held.credential,
    };
    const succeeded = [...outcomes].filter(([, outcome]) => outcome.kind === "SUCCEEDED").map(([place]) => place);
    const requests = succeeded.flatMap((place) => {
      const outcome = outcomes.get(place);
      return outcome?.kind === "SUCCEEDED" ? [chargeOf(job, claim.firstItem + place, outcome)] : [];
    });
    const verdicts = requests.length === 0 ? [] : await this.#options.charge(sql, requests);
    const admitted = new Map(outcomes);
    let amountMicros = 0n;
    let pause: JobPause | undefined;
    for (const [i, place] of succeeded.entries()) {
      const verdict = verdicts[i];
      if (verdict?.kind === "ADMITTED") {
        amountMicros += verdict.charged.reduce((sum, one) => sum + one.amountMicros, 0n);
        continue;
      }
      admitted.delete(place);
      if (verdict !== undefined) pause ??= pauseOf(verdict, held.now_at);
    }
    if (claim.isProbe && pause === undefined) await this.#goOn(sql, claim);
    if (pause !== undefined) await this.#pause(sql, claim, pause);
    const failedClaims =
      admitted.size === 0
        ? claim.failedClaims
        : failedClaimsAfterProgress(waitingIn(claim) - admitted.size, claim.failedClaims);
    const ended = await this.#write(sql, claim, { outcomes: admitted, failedClaims, held, amountMicros });
    return { kind: "COMMITTED", ended, isPaused: pause !== undefined };
  }

  async #goOn(sql: Sql, { tenantId, jobId }: Claim): Promise<void> {
    await sql({
      name: "go-on-with-job",
      text: `
        update jobs set state = 'RUNNING', pause = null, paused_until = null
          where tenant_id = $1 and id = $2 and state = 'PAUSED_BY_LIMIT'`,
      values: [tenantId, jobId],
    });
  }

  async #pause(sql: Sql, { tenantId, jobId }: Claim, pause: JobPause): Promise<void> {
    await sql({
      name: "pause-job",
      text: pauseSql,
      values: [tenantId, jobId, JSON.stringify(pause), pause.until ?? null],
    });
  }

  async #write(
    sql: Sql,
    claim: Claim,
    written: { outcomes: Outcomes; failedClaims: number; held?: HeldRow; amountMicros?: bigint },
  ): Promise<number> {
    const { outcomes, failedClaims, held, amountMicros = 0n } = written;
    const merged = mergeResults(claim, claim.firstItem, claim.records, outcomes);
    const isNeeded = merged.waiting > 0 || merged.failed > 0;
    await sql({
      name: "write-job-slice",
      text: writeSliceSql,
      values: [
        claim.tenantId,
        claim.jobId,
        claim.slice,
        merged.states,
        merged.results,
        merged.succeeded,
        merged.failed,
        merged.jsonlBytes,
        merged.csvBytes,
        merged.waiting > 0,
        isNeeded,
        failedClaims,
      ],
    });
    if (held === undefined || outcomes.size === 0) return 0;
    await this.#count(sql, claim, held, { outcomes, amountMicros });
    return outcomes.size;
  }

  async #count(
    sql: Sql,
    { tenantId, jobId }: Claim,
    held: HeldRow,
    { outcomes, amountMicros }: { outcomes: Outcomes; amountMicros: bigint },
  ): Promise<void> {
    const failed = [...outcomes.values()].filter(({ kind }) => kind === "FAILED").length;
    const inputs = [...outcomes.values()].reduce(
      (sum, outcome) => sum + (outcome.kind === "SUCCEEDED" ? inputsOf(outcome) : 0),
      0,
    );
    const counts = {
      total: held.items_total === null ? undefined : Number(held.items_total),
      succeeded: Number(held.items_succeeded) + outcomes.size - failed,
      failed: Number(held.items_failed) + failed,
    };
    const recent = { items: held.recent_items, at: held.recent_at ?? undefined, startedAt: undefined };
    const state = stateAtTheEnd(counts);
    await sql({
      name: "write-job",
      text: writeJobSql,
      values: [
        tenantId,
        jobId,
        counts.succeeded,
        counts.failed,
        amountMicros,
        recentAfter(recent, outcomes.size, held.now_at),
        held.now_at,
        state ?? null,
        this.#options.resultsRetentionDays,
        inputs,
      ],
    });
    if (state !== undefined) await this.#options.onFinished(sql, { tenantId, jobId, state });
  }
}

function waitingIn({ states }: Claim): number {
  return states.reduce((sum, state) => sum + (state === 0 ? 1 : 0), 0);
}

function toClaim(row: ClaimRow): Claim {
  return {
    tenantId: row.tenant_id,
    jobId: row.job_id,
    slice: row.slice,
    epoch: row.epoch,
    failedClaims: row.attempts - 1,
    firstItem: Number(row.first_item),
    records: unpackRecords(row.inputs),
    states: row.states,
    results: row.results ?? undefined,
    modelVersionId: row.model_version_id,
    topK: row.top_k,
    explanation: toExplanation(row.explain),
    round: row.round,
    isProbe: row.is_probe,
  };
}
