import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { GroupCommit } from "../../platform/group-commit.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { AdmittedCharge, FirstRequest } from "../usage/charge.ts";
import type { Ledger } from "../usage/ledger.ts";
import { deadlineExceeded, isDeadlineExceeded, withDeadline } from "./deadline.ts";
import type { ExplainRequest } from "./explanation.ts";
import type { IdempotencyStore, StoredAnswer, StoringOutcome } from "./idempotency.store.ts";
import { type Admissible, type ChargeNames, type InferenceService, toInference } from "./inference.service.ts";
import type { Inference, InferenceRequest } from "./inference.ts";
import { fromStored, toStored } from "./stored-answer.ts";

interface RepeatsOptions {
  service: InferenceService;
  store: IdempotencyStore;
  ledger: Ledger;
  catalogue: Catalogue;
  /** Names this gateway process. */
  instanceId: string;
  /** Whether the gateway process of that name still runs. A wrong "no" costs a second run, never a second charge. */
  isInstanceAlive: (instanceId: string) => Promise<boolean>;
}

interface Repeat {
  key: string;
  digest: string;
  first: FirstRequest;
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
 *
 * No answer is given that does not lie under its key, and no charge is taken back whose key has its answer: so an answer
 * that somebody holds has its charge, however often the rest fails.
 */
export class Repeats {
  readonly #options: RepeatsOptions;
  readonly #inProgress = new Map<string, { digest: string; answer: Promise<Inference> }>();
  readonly #answers: GroupCommit<StoredAnswer, StoringOutcome>;

  constructor(options: RepeatsOptions) {
    this.#options = options;
    this.#answers = new GroupCommit({
      commit: (answers) => options.store.store(answers),
      maxGroup: 256,
      maxInFlight: 1,
      maxWaiting: 8_192,
    });
  }

  /** Answers a request that carries an idempotency key. Throws CONFLICT where the key stands for another request. */
  async answer(admissible: Admissible, key: string): Promise<Inference> {
    const digest = digestOf(admissible.request);
    const id = `${admissible.principal.tenantId}:${key}`;
    for (let first = this.#inProgress.get(id); first !== undefined; first = this.#inProgress.get(id)) {
      if (first.digest !== digest) throw conflict(key);
      try {
        return await withDeadline(first.answer, admissible.deadlineAt);
      } catch (error) {
        // The first one may have allowed less time than this one.
        if (!isDeadlineExceeded(error) || performance.now() >= admissible.deadlineAt) throw error;
      }
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
    if (verdict.kind === "REPEATED") return await this.#repeat(admissible, { key, digest, first: verdict.first });
    if (verdict.kind !== "ADMITTED") throw service.refusalOf(verdict);
    service.admitted(verdict);
    // With a charge that is taken back goes the claim to the key, so the next repeat starts afresh.
    const inference = await this.#runAndStore(admissible, { ...verdict, key, ...names });
    return { kind: "ANSWER", inference };
  }

  async #repeat(admissible: Admissible, { key, digest, first }: Repeat): Promise<Outcome> {
    const { catalogue, instanceId, ledger } = this.#options;
    if (first.requestDigest !== digest) throw conflict(key);
    if (first.answer !== undefined) return { kind: "ANSWER", inference: fromStored(catalogue, first.answer) };
    // Held by this very process, but not in progress: its charge is being taken back, or was just left by a failure.
    const isOrphan =
      first.holder === instanceId
        ? !ledger.isReversalOwed(first.usageEventId)
        : !(await this.#isAlive(admissible, first.holder));
    if (isOrphan && (await this.#takeOver(admissible, key, first))) {
      return { kind: "ANSWER", inference: await this.#finish(admissible, key, first) };
    }
    await this.#waitForHolder(admissible, key, first);
    return { kind: "AGAIN" };
  }

  async #takeOver(admissible: Admissible, key: string, first: FirstRequest): Promise<boolean> {
    const { service, store } = this.#options;
    try {
      return await heard(store.takeOver(admissible.principal.tenantId, key, first), admissible);
    } catch (error) {
      // Whether this gateway holds the key now is not known. If it does, nobody else would ever work on it.
      await service.takeBack(admissible, first.usageEventId, error);
      throw error;
    }
  }

  /** Does again what a gateway that is gone was charged for, on the version that it had chosen. */
  async #finish(admissible: Admissible, key: string, first: FirstRequest): Promise<Inference> {
    const pinned = this.#options.catalogue.versionById(first.modelVersionId);
    if (pinned === undefined) {
      const error = new TollgateError(
        "MODEL_NOT_READY",
        "The version that this request was charged for is no longer here. It was not charged: ask again.",
      );
      await this.#options.service.takeBack(admissible, first.usageEventId, error);
      throw error;
    }
    const again = { ...admissible, target: { ...pinned, alias: admissible.target.alias } };
    return await this.#runAndStore(again, { ...first, key, isLeased: false, softLimits: [] });
  }

  /** The answer of a charge that is committed, once it lies under the key. If it fails, the charge is taken back. */
  async #runAndStore(
    admissible: Admissible,
    charge: ChargeNames & Pick<AdmittedCharge, "charged" | "isLeased" | "softLimits"> & { key: string },
  ): Promise<Inference> {
    const { service, catalogue } = this.#options;
    const { key, inferenceId, usageEventId, softLimits } = charge;
    try {
      // Without the caller's signal: others may wait for this answer, or come for it later.
      const result = await service.run(admissible);
      const charged = await service.settled(admissible, usageEventId, charge, result);
      const inference = toInference(admissible, inferenceId, { charged, softLimits }, result);
      const { tenantId } = admissible.principal;
      const stored = await heard(
        this.#answers.add({ tenantId, key, inferenceId, answer: toStored(inference) }),
        admissible,
      );
      if (stored.kind === "GONE") throw unheard("the charge was taken back while its work was done");
      return stored.kind === "EARLIER" ? fromStored(catalogue, stored.answer) : inference;
    } catch (error) {
      await service.takeBack(admissible, usageEventId, error);
      throw error;
    }
  }

  async #waitForHolder(admissible: Admissible, key: string, first: FirstRequest): Promise<void> {
    const { store } = this.#options;
    while (performance.now() < admissible.deadlineAt) {
      await wait(pollMs);
      const state = await heard(store.find(admissible.principal.tenantId, key), admissible);
      if (state === undefined || state.answer !== null || state.holder !== first.holder) return;
      if (state.usageEventId !== first.usageEventId || !(await this.#isAlive(admissible, first.holder))) return;
    }
  }

  async #isAlive(admissible: Admissible, holder: string): Promise<boolean> {
    return await heard(this.#options.isInstanceAlive(holder), admissible);
  }
}

/** What the database answers, within the deadline. Throws OVERLOADED where it does not answer. */
async function heard<T>(asking: Promise<T>, { deadlineAt }: Admissible): Promise<T> {
  try {
    return await withDeadline(asking, deadlineAt);
  } catch (error) {
    throw error instanceof TollgateError ? error : unheard(error);
  }
}

function unheard(cause: unknown): TollgateError {
  return new TollgateError("OVERLOADED", "The idempotency key could not be looked after just now. Try again.", {
    cause,
    retryAfterMs: 1_000,
  });
}

/** What makes two requests the same one. Fixed order and no defaults, so that it stands for ever. */
function digestOf(request: InferenceRequest): string {
  const { model, alias, version, inputs, topK, explain } = request;
  const canonical = JSON.stringify([
    model,
    alias ?? null,
    version ?? null,
    topK,
    inputs.map((input) => [input.image ?? null, input.text ?? null, input.tensor ?? null]),
    // Only where there is one: requests without keep the digest that they had before there were explanations.
    ...(explain === undefined ? [] : [explanationOf(explain)]),
  ]);
  return createHash("sha256").update(canonical).digest("hex");
}

function explanationOf({ method, outputIndexes, samples, seed, target, token, baseline }: ExplainRequest): unknown[] {
  return [method, outputIndexes, samples, seed, target, token, baseline].map((field) => field ?? null);
}

function conflict(key: string): TollgateError {
  return new TollgateError(
    "CONFLICT",
    `The idempotency key ${JSON.stringify(key)} was used for another request. Use a new key for a new request.`,
  );
}
