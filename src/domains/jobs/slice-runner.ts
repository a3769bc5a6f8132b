import type { Abandoned } from "../../core/abandonment.ts";
import { TollgateError } from "../../core/errors.ts";
import type { Engine, RunResult } from "../inference/engine.ts";
import { explain } from "../inference/explainer.ts";
import { outputsOf } from "../inference/scores.ts";
import type { Row } from "../inference/tensor.ts";
import { tokensIn } from "../inference/token-count.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { ModelVersion } from "../models/model.ts";
import type { Claim, Outcomes } from "./claim.ts";
import { codeOf, costARunner, failedItem, isItemsFault, type PreparedItem, prepareItems } from "./item-preparation.ts";
import type { FailedItem, SucceededItem } from "./outcome.ts";
import { itemStates } from "./slice.ts";
import { maxAttemptsAlone, planAttempt } from "./slice-attempt.ts";

interface SliceRunnerOptions {
  catalogue: Pick<Catalogue, "versionById">;
  engine: Pick<Engine, "run">;
  /** How long a slice may wait for a runner and run: less than its lease. */
  runTimeoutMs: number;
}

interface Ready extends PreparedItem {
  place: number;
}

interface Answered extends SucceededItem {
  item: Ready;
  row: Row;
}

/** What a slice is run with. */
interface Run {
  claim: Claim;
  version: ModelVersion;
  rows: (rows: readonly Row[]) => Promise<RunResult>;
}

/** Of a paused job: most of what is run only to be refused again is run for nothing. */
const probedItems = 4;

/** After so much of its time a slice explains no further item: those that are done are written, the others come again. */
const explainingPart = 1 / 4;

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
    const version = this.#options.catalogue.versionById(claim.modelVersionId)?.version;
    if (version === undefined) throw new TollgateError("MODEL_NOT_READY", "The version is not in the catalogue yet.");
    const taken = places.slice(0, claim.isProbe ? Math.min(attempt.take, probedItems) : attempt.take);
    const ready = await readyItems(version, { claim, places: taken, outcomes });
    if (ready.length === 0) return outcomes;
    const run = { claim, version, rows: this.#rowsOf(claim, abandoned) };
    const answered = await answerItems(run, ready, outcomes);
    if (claim.explanation === undefined) for (const { item, ...outcome } of answered) outcomes.set(item.place, outcome);
    else await this.#explainItems(run, answered, outcomes);
    return outcomes;
  }

  #rowsOf(claim: Claim, abandoned: Abandoned): Run["rows"] {
    const { engine, runTimeoutMs } = this.#options;
    const deadlineAt = performance.now() + runTimeoutMs;
    const common = { versionId: claim.modelVersionId, tenantId: claim.tenantId, deadlineAt, abandoned };
    return async (rows) => await engine.run({ ...common, kind: "JOB", rows });
  }

  /** One after the other. An item without its explanation has not ended: its answer is worked out again with it. */
  async #explainItems(run: Run, answered: readonly Answered[], outcomes: Outcomes): Promise<void> {
    const until = performance.now() + this.#options.runTimeoutMs * explainingPart;
    for (const { item, ...answer } of answered) {
      if (outcomes.size > 0 && performance.now() > until) return;
      try {
        const outcome = await tried(() => explained(run, item, answer));
        outcomes.set(item.place, outcome);
      } catch (error) {
        // What is done is written, whatever keeps the others from it.
        if (outcomes.size === 0) throw error;
        return;
      }
    }
  }
}

/** The items that can be run. What is wrong with the others goes to the outcomes. */
async function readyItems(
  version: ModelVersion,
  { claim, places, outcomes }: { claim: Claim; places: readonly number[]; outcomes: Outcomes },
): Promise<Ready[]> {
  const records = places.map((place) => claim.records[place]);
  const items = await prepareItems(version, records, claim.explanation);
  return items.flatMap((item, i) => {
    const place = places[i] ?? 0;
    if (item.kind === "PREPARED") return [{ ...item, place }];
    outcomes.set(place, item);
    return [];
  });
}

/** The answers of items that are run together. What fails goes to the outcomes. */
async function answerItems(run: Run, ready: readonly Ready[], outcomes: Outcomes): Promise<Answered[]> {
  try {
    return await ask(run, ready);
  } catch (error) {
    if (!isItemsFault(error)) throw error;
    // One of them spoils the request that they share: alone, only that one fails.
    const alone = costARunner(error) ? await oneByOne(run, ready) : await Promise.all(ready.map(askWith(run)));
    return alone.flatMap(({ item, came }) => {
      if (came.kind === "SUCCEEDED") return [came];
      outcomes.set(item.place, came);
      return [];
    });
  }
}

interface Came {
  item: Ready;
  came: Answered | FailedItem;
}

function askWith(run: Run): (item: Ready) => Promise<Came> {
  return async (item) => ({ item, came: await askAlone(run, item) });
}

/**
 * Where one of them ends the process that runs it: asked side by side, they would share its batch, and end, again. While
 * there is no runner, those that have come to something are written, and the others come again.
 */
async function oneByOne(run: Run, items: readonly Ready[]): Promise<Came[]> {
  const alone: Came[] = [];
  for (const item of items) {
    try {
      alone.push(await askWith(run)(item));
    } catch (error) {
      if (alone.length === 0) throw error;
      return alone;
    }
  }
  return alone;
}

async function askAlone(run: Run, item: Ready): Promise<Answered | FailedItem> {
  return await tried(async () => {
    const [answer] = await ask(run, [item]);
    if (answer === undefined) throw new Error("a row came to nothing");
    return answer;
  });
}

/** Tries what concerns one item alone, until it comes to something or is known to fail. */
async function tried<T>(work: () => Promise<T>): Promise<T | FailedItem> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work();
    } catch (error) {
      if (!isItemsFault(error)) throw error;
      const isLast = attempts >= maxAttemptsAlone || codeOf(error) === "INVALID_INPUT" || costARunner(error);
      if (isLast) return failedItem(error, attempts);
    }
  }
}

async function ask({ claim, version, rows }: Run, items: readonly Ready[]): Promise<Answered[]> {
  const prepared = items.map((item) => item.prepared);
  const { outputs, computeUs } = await rows(prepared.map(({ row }) => row));
  const answers = outputsOf(version.manifest, prepared, outputs, claim.topK);
  return items.flatMap((item, i) => {
    const [output, row] = [answers[i], outputs[i]];
    if (output === undefined || row === undefined) return [];
    return {
      kind: "SUCCEEDED",
      item,
      row,
      output,
      tokens: tokensIn(version.manifest, [item.prepared]),
      // Whole shares that add up to the whole.
      computeUs: Math.floor((computeUs * (i + 1)) / items.length) - Math.floor((computeUs * i) / items.length),
    };
  });
}

/** The answer together with its explanation, which is run as `infer` runs it: by the very plan. */
async function explained(
  { claim, version, rows }: Run,
  { prepared, plan }: Ready,
  { row, ...answer }: Omit<Answered, "item">,
): Promise<SucceededItem> {
  if (plan === undefined) throw new Error("an item to be explained without a plan");
  let { computeUs } = answer;
  const explanations = await explain({
    manifest: version.manifest,
    prepared: [prepared],
    plan,
    answers: [row],
    heatMaps: claim.explanation?.heatMap === true,
    run: async (changed) => {
      const result = await rows(changed);
      computeUs += result.computeUs;
      return result.outputs;
    },
  });
  return { ...answer, computeUs, output: { ...answer.output, explanation: explanations.get(0) } };
}

function givenUp(attempts: number): FailedItem {
  const message = "Nobody who worked on the item came to an end with it: its workers were killed, or ran out of time.";
  return { kind: "FAILED", code: "MODEL_FAILED", message, attempts };
}
