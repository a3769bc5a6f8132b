import { setImmediate as nextTurn } from "node:timers/promises";
import type { Abandoned } from "../../core/abandonment.ts";
import { type ErrorCode, messageOf, TollgateError } from "../../core/errors.ts";
import type { Engine, RunResult } from "../inference/engine.ts";
import { type PreparedInput, prepareInputs } from "../inference/prepare.ts";
import { outputsOf } from "../inference/scores.ts";
import { tokensIn } from "../inference/token-count.ts";
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

/** Of a paused job: most of what is run only to be refused again is run for nothing. */
const probedItems = 4;

/** Works out what the items of a slice come to. Writes nothing. */
export class SliceRunner {
  readonly #options: SliceRunnerOptions;

  constructor(options: SliceRunnerOptions) {
    this.#options = options;
  }

  /**
   * Throws what is no item's fault: OVERLOADED, MODEL_NOT_READY, MODEL_WITHHELD, and DEADLINE_EXCEEDED where the slice did
   * not end in time or was abandoned.
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
    const taken = places.slice(0, claim.isProbe ? Math.min(attempt.take, probedItems) : attempt.take);
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
    const ask: Ask = async (asked) =>
      answersOf(
        version,
        asked,
        claim.topK,
        await this.#options.engine.run({
          versionId: claim.modelVersionId,
          tenantId: claim.tenantId,
          kind: "JOB",
          rows: asked.map(({ prepared }) => prepared.row),
          deadlineAt,
          abandoned,
        }),
      );
    try {
      const answers = await ask(ready);
      for (const [i, { place }] of ready.entries()) setIfThere(outcomes, place, answers[i]);
    } catch (error) {
      if (!isItemsFault(error)) throw error;
      // One of them spoils the request that they share: alone, only that one fails.
      const ends = await Promise.allSettled(
        ready.map(async (one) => setIfThere(outcomes, one.place, await runAlone(ask, one))),
      );
      const cutShort = ends.find((end) => end.status === "rejected");
      // What came to its end stays so: an item that breaks the version would do it again whenever its slice is tried.
      if (cutShort !== undefined && (outcomes.size === 0 || abandoned.aborted)) throw cutShort.reason;
    }
  }
}

type FailedItem = Extract<ItemOutcome, { kind: "FAILED" }>;

/** Runs items together: an answer for each, in their order. */
type Ask = (asked: readonly Ready[]) => Promise<ItemOutcome[]>;

/** @param before what came of the attempt before, where there was one. */
async function runAlone(ask: Ask, one: Ready, before?: FailedItem): Promise<ItemOutcome | undefined> {
  try {
    const [answer] = await ask([one]);
    return answer;
  } catch (error) {
    // It broke the version so often that its tenant is kept from it: there is no attempt left to wait for.
    if (before !== undefined && codeOf(error) === "MODEL_WITHHELD") return before;
    if (!isItemsFault(error)) throw error;
    const outcome = failed(error, (before?.attempts ?? 0) + 1);
    const isLast = outcome.attempts >= maxAttemptsAlone || outcome.code === "INVALID_INPUT";
    return isLast ? outcome : await runAlone(ask, one, outcome);
  }
}

function setIfThere(outcomes: Outcomes, place: number, outcome: ItemOutcome | undefined): void {
  if (outcome !== undefined) outcomes.set(place, outcome);
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

function answersOf(
  version: ModelVersion,
  asked: readonly Ready[],
  topK: number,
  { outputs, computeUs }: RunResult,
): ItemOutcome[] {
  const prepared = asked.map((one) => one.prepared);
  return outputsOf(version.manifest, prepared, outputs, topK).map((output, i) => ({
    kind: "SUCCEEDED",
    output,
    tokens: tokensIn(version.manifest, prepared.slice(i, i + 1)),
    // Whole shares that add up to the whole.
    computeUs: Math.floor((computeUs * (i + 1)) / asked.length) - Math.floor((computeUs * i) / asked.length),
  }));
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
function failed(error: unknown, attempts: number): FailedItem {
  const message = messageOf(error).replace("inputs[0].", "").replace("inputs[0]", "The input");
  return { kind: "FAILED", code: codeOf(error) ?? "INTERNAL", message, attempts };
}

function givenUp(attempts: number): ItemOutcome {
  const message = "Nobody who worked on the item came to an end with it: its workers were killed, or ran out of time.";
  return { kind: "FAILED", code: "MODEL_FAILED", message, attempts };
}
