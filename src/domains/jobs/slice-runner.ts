import { setImmediate as nextTurn } from "node:timers/promises";
import type { Abandoned } from "../../core/abandonment.ts";
import { type ErrorCode, messageOf, TollgateError } from "../../core/errors.ts";
import type { Engine, Row } from "../inference/engine.ts";
import { type PreparedInput, prepareInputs } from "../inference/prepare.ts";
import { outputsOf } from "../inference/scores.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { ModelVersion } from "../models/model.ts";
import type { Claim, Outcomes } from "./claim.ts";
import type { ItemOutcome } from "./outcome.ts";
import { itemStates, type SliceRecord } from "./slice.ts";
import { maxAttemptsAlone, planAttempt } from "./slice-attempt.ts";

interface SliceRunnerOptions {
  catalogue: Pick<Catalogue, "versionById">;
  engine: Pick<Engine, "run">;
  /** How long a slice may wait for a runner and run: less than its lease. */
  runTimeoutMs: number;
}

/** An item that can be run. */
interface Ready {
  place: number;
  prepared: PreparedInput;
}

/** Pictures and texts are prepared in this process, beside callers: a few at a time, and then it is somebody else's turn. */
const preparedAtOnce = 8;

/** Works out what the items of a slice come to. Writes nothing. */
export class SliceRunner {
  readonly #options: SliceRunnerOptions;

  constructor(options: SliceRunnerOptions) {
    this.#options = options;
  }

  /**
   * Throws what is no item's fault: OVERLOADED, MODEL_NOT_READY, and DEADLINE_EXCEEDED where the slice did not end in time
   * or was abandoned.
   */
  async run(claim: Claim, abandoned: Abandoned): Promise<Outcomes> {
    const outcomes: Outcomes = new Map();
    const waiting = [...claim.states.entries()].filter(([, state]) => state === itemStates.WAITING);
    const places = waiting.map(([place]) => place);
    const attempt = planAttempt(places.length, claim.failedClaims);
    if (attempt.kind === "GIVE_UP_FIRST") {
      const [first = 0] = places;
      return outcomes.set(first, givenUp(claim.failedClaims));
    }
    const found = this.#options.catalogue.versionById(claim.modelVersionId);
    if (found === undefined) throw new TollgateError("MODEL_NOT_READY", "The version is not in the catalogue yet.");
    const taken = places.slice(0, attempt.take);
    const ready = await prepareItems(found.version, claim.records, taken, outcomes);
    if (ready.length > 0) await this.#runReady(claim, found.version, { ready, outcomes, abandoned });
    return outcomes;
  }

  async #runReady(
    claim: Claim,
    version: ModelVersion,
    { ready, outcomes, abandoned }: { ready: Ready[]; outcomes: Outcomes; abandoned: Abandoned },
  ): Promise<void> {
    const deadlineAt = performance.now() + this.#options.runTimeoutMs;
    const ask = async (rows: readonly Row[]) =>
      (
        await this.#options.engine.run({
          versionId: claim.modelVersionId,
          tenantId: claim.tenantId,
          kind: "JOB",
          rows,
          deadlineAt,
          abandoned,
        })
      ).outputs;
    try {
      const outputs = await ask(ready.map(({ prepared }) => prepared.row));
      for (const [i, one] of ready.entries()) outcomes.set(one.place, answerOf(version, one, outputs[i], claim.topK));
    } catch (error) {
      if (!isItemsFault(error)) throw error;
      // One of them spoils the request that they share: alone, only that one fails.
      await Promise.all(
        ready.map(async (one) => outcomes.set(one.place, await runAlone({ ask, version, one, topK: claim.topK }))),
      );
    }
  }
}

async function runAlone(alone: {
  ask: (rows: readonly Row[]) => Promise<Row[]>;
  version: ModelVersion;
  one: Ready;
  topK: number;
}): Promise<ItemOutcome> {
  const { ask, version, one, topK } = alone;
  for (let attempts = 1; ; attempts++) {
    try {
      const [row] = await ask([one.prepared.row]);
      return answerOf(version, one, row, topK);
    } catch (error) {
      if (!isItemsFault(error)) throw error;
      if (attempts >= maxAttemptsAlone || codeOf(error) === "INVALID_INPUT") return failed(error, attempts);
    }
  }
}

async function prepareItems(
  version: ModelVersion,
  records: readonly SliceRecord[],
  places: readonly number[],
  outcomes: Outcomes,
): Promise<Ready[]> {
  const ready: Ready[] = [];
  for (const [i, place] of places.entries()) {
    if (i > 0 && i % preparedAtOnce === 0) await nextTurn();
    const prepared = await prepareItem(version, records[place]);
    if ("kind" in prepared) outcomes.set(place, prepared);
    else ready.push({ place, prepared });
  }
  return ready;
}

/** The item ready to be run, or what is wrong with it. */
async function prepareItem(
  version: ModelVersion,
  record: SliceRecord | undefined,
): Promise<PreparedInput | ItemOutcome> {
  const { input, problem = "There is no input." } = record ?? {};
  if (input === undefined) return { kind: "FAILED", code: "INVALID_INPUT", message: problem, attempts: 1 };
  try {
    const [prepared] = await prepareInputs(version, [input]);
    if (prepared === undefined) throw new Error("an input was prepared to nothing");
    return prepared;
  } catch (error) {
    if (codeOf(error) !== "INVALID_INPUT") throw error;
    return failed(error, 1);
  }
}

function answerOf(version: ModelVersion, { prepared }: Ready, row: Row | undefined, topK: number): ItemOutcome {
  const [output] = outputsOf(version.manifest, [prepared], [row ?? []], topK);
  if (output === undefined) throw new Error("a row of a job has no answer");
  return { kind: "SUCCEEDED", output };
}

/** The rest is not the inputs' fault: too much to do, no runner up, out of time. */
function isItemsFault(error: unknown): boolean {
  const code = codeOf(error);
  return code === "MODEL_FAILED" || code === "INVALID_INPUT";
}

function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof TollgateError ? error.code : undefined;
}

/** Messages name the place in a request; the line of an item says it better. */
function failed(error: unknown, attempts: number): ItemOutcome {
  const message = messageOf(error).replace("inputs[0].", "").replace("inputs[0]", "The input");
  return { kind: "FAILED", code: codeOf(error) ?? "INTERNAL", message, attempts };
}

function givenUp(attempts: number): ItemOutcome {
  const message = "Nobody who worked on the item came to an end with it: its workers were killed, or ran out of time.";
  return { kind: "FAILED", code: "MODEL_FAILED", message, attempts };
}
