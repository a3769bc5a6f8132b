import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { GroupCommit } from "../../platform/group-commit.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { FirstRequest } from "../usage/charge.ts";
import type { Ledger } from "../usage/ledger.ts";
import { deadlineExceeded, withDeadline } from "./deadline.ts";
import type { IdempotencyStore, StoredAnswer } from "./idempotency.store.ts";
import { type Admissible, type InferenceService, refusalOf, toInference } from "./inference.service.ts";
import type { Inference, InferenceRequest } from "./inference.ts";
import { fromStored, toStored } from "./stored-answer.ts";

interface RepeatsOptions {
  service: InferenceService;
  store: IdempotencyStore;
  ledger: Ledger;
  catalogue: Catalogue;
  logger: Logger;
  /** Names this gateway process. */
  instanceId: string;
  /** Whether the gateway process of that name still runs. A wrong "no" costs a second run, never a second charge. */
  isInstanceAlive: (instanceId: string) => Promise<boolean>;
}

type Outcome = { kind: "ANSWER"; inference: Inference } | { kind: "AGAIN" };

const pollMs = 50;

/**
 * Requests under an idempotency key: the first is charged and run, every other one gets its answer, whenever and
 * wherever it comes.
 *
 * What each repeat meets: on this gateway, the first one's promise. Elsewhere, the row that the charge made: with an
 * answer, it is returned; without, its holder is at work and the repeat waits, or its holder is gone and the repeat takes
 * the key over and runs again, without a charge. Running twice is harmless: the version is pinned, so the answer is the
 * same to the bit.
 */
export class Repeats {
  readonly #options: RepeatsOptions;
  readonly #inProgress = new Map<string, { digest: string; answer: Promise<Inference> }>();
  readonly #answers: GroupCommit<StoredAnswer, undefined>;

  constructor(options: RepeatsOptions) {
    this.#options = options;
    this.#answers = new GroupCommit({
      commit: async (answers) => {
        await options.store.store(answers);
        return answers.map(() => undefined);
      },
      maxGroup: 256,
      maxInFlight: 1,
      maxWaiting: 8_192,
    });
  }

  /** Answers a request that carries an idempotency key. Throws CONFLICT where the key stands for another request. */
  async answer(admissible: Admissible, key: string): Promise<Inference> {
    const digest = digestOf(admissible.request);
    const id = `${admissible.principal.tenantId}:${key}`;
    const first = this.#inProgress.get(id);
    if (first !== undefined) {
      if (first.digest !== digest) throw conflict(key);
      return await withDeadline(first.answer, admissible.deadlineAt);
    }
    const answer = this.#claimUntilSettled(admissible, key, digest);
    this.#inProgress.set(id, { digest, answer });
    try {
      return await answer;
    } finally {
      this.#inProgress.delete(id);
    }
  }

  async #claimUntilSettled(admissible: Admissible, key: string, digest: string): Promise<Inference> {
    while (performance.now() < admissible.deadlineAt) {
      const outcome = await this.#claim(admissible, key, digest);
      if (outcome.kind === "ANSWER") return outcome.inference;
    }
    throw deadlineExceeded();
  }

  async #claim(admissible: Admissible, key: string, digest: string): Promise<Outcome> {
    const { service, ledger } = this.#options;
    const names = { inferenceId: newId("inference"), usageEventId: newId("usageEvent") };
    const charging = ledger.charge({
      ...service.chargeRequestOf(admissible, names),
      idempotencyKey: key,
      requestDigest: digest,
    });
    const verdict = await service.verdictOf(charging, admissible, names.usageEventId);
    if (verdict.kind === "REPEATED")
      return await this.#repeat(admissible, {
        key,
        digest,
        first: verdict.first,
        unitPriceMicros: verdict.unitPriceMicros,
      });
    if (verdict.kind !== "ADMITTED") throw refusalOf(verdict);
    try {
      return {
        kind: "ANSWER",
        inference: await this.#runAndStore(admissible, key, names.inferenceId, verdict.unitPriceMicros),
      };
    } catch (error) {
      // With its charge goes the claim to the key, so the next repeat starts afresh.
      await service.takeBack(admissible, names.usageEventId, error);
      throw error;
    }
  }

  async #repeat(
    admissible: Admissible,
    repeat: { key: string; digest: string; first: FirstRequest; unitPriceMicros: bigint },
  ): Promise<Outcome> {
    const { catalogue, store, instanceId, isInstanceAlive, ledger } = this.#options;
    const { first, key } = repeat;
    if (first.requestDigest !== repeat.digest) throw conflict(key);
    if (first.answer !== undefined) return { kind: "ANSWER", inference: fromStored(catalogue, first.answer) };
    const { tenantId } = admissible.principal;
    // Held by this very process but not in progress: its charge is being taken back, or its answer could not be stored.
    const isOurs = first.holder === instanceId && !ledger.isReversalOwed(first.usageEventId);
    const isOrphan =
      isOurs || (first.holder !== instanceId && (first.holder === "" || !(await isInstanceAlive(first.holder))));
    if (isOrphan && (await store.takeOver(tenantId, key, first.holder))) {
      return { kind: "ANSWER", inference: await this.#finish(admissible, repeat) };
    }
    await this.#waitForHolder(admissible, key, first.holder);
    return { kind: "AGAIN" };
  }

  /** Does again what a gateway that is gone was charged for, on the version that it had chosen. */
  async #finish(
    admissible: Admissible,
    repeat: { key: string; first: FirstRequest; unitPriceMicros: bigint },
  ): Promise<Inference> {
    const { catalogue, service } = this.#options;
    const pinned = catalogue.versionById(repeat.first.modelVersionId);
    if (pinned === undefined) {
      throw new TollgateError(
        "MODEL_NOT_READY",
        "The version that this request was charged for is no longer here. Use a new idempotency key.",
      );
    }
    const again = { ...admissible, target: { ...pinned, alias: admissible.target.alias } };
    try {
      return await this.#runAndStore(again, repeat.key, repeat.first.inferenceId, repeat.unitPriceMicros);
    } catch (error) {
      await service.takeBack(admissible, repeat.first.usageEventId, error);
      throw error;
    }
  }

  async #runAndStore(
    admissible: Admissible,
    key: string,
    inferenceId: string,
    unitPriceMicros: bigint,
  ): Promise<Inference> {
    const { service, store, logger } = this.#options;
    // Without the caller's signal: others may wait for this answer, or come for it later.
    const result = await service.run(admissible);
    const inference = toInference(admissible, inferenceId, unitPriceMicros, result);
    const { tenantId } = admissible.principal;
    try {
      await withDeadline(
        this.#answers.add({ tenantId, key, inferenceId, answer: toStored(inference) }),
        admissible.deadlineAt,
      );
    } catch (error) {
      // The charge is committed and the answer is at hand, so it is given. A repeat will find no stored answer and run
      // again; it must not wait for us.
      logger.warn({ err: error, inferenceId }, "answer was not stored");
      void store
        .letGo(tenantId, key)
        .catch((reason: unknown) => logger.warn({ err: reason, inferenceId }, "key was not let go"));
    }
    return inference;
  }

  async #waitForHolder(admissible: Admissible, key: string, holder: string): Promise<void> {
    const { store } = this.#options;
    while (performance.now() < admissible.deadlineAt) {
      await wait(pollMs);
      const state = await store.find(admissible.principal.tenantId, key);
      if (state === undefined || state.answer !== null || state.holder !== holder) return;
      if (!(await this.#options.isInstanceAlive(holder))) return;
    }
  }
}

/** What makes two requests the same one. Fixed order and no defaults, so that it stands for ever. */
function digestOf(request: InferenceRequest): string {
  const { model, alias, version, inputs, topK } = request;
  const canonical = JSON.stringify([
    model,
    alias ?? null,
    version ?? null,
    topK,
    inputs.map((input) => [input.image ?? null, input.text ?? null, input.tensor ?? null]),
  ]);
  return createHash("sha256").update(canonical).digest("hex");
}

function conflict(key: string): TollgateError {
  return new TollgateError(
    "CONFLICT",
    `The idempotency key ${JSON.stringify(key)} was used for another request. Use a new key for a new request.`,
  );
}
