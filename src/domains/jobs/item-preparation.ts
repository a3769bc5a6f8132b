import { setImmediate as nextTurn } from "node:timers/promises";
import { type ErrorCode, messageOf, TollgateError } from "../../core/errors.ts";
import { type ExplanationPlan, planExplanations } from "../inference/explanation-plan.ts";
import { type PreparedInput, prepareInputs } from "../inference/prepare.ts";
import { RunnerGone } from "../inference/runner.ts";
import { isOutOfMemory } from "../inference/warm-up.ts";
import type { ModelVersion } from "../models/model.ts";
import { type JobExplanation, requestForItem } from "./job-explanation.ts";
import type { FailedItem } from "./outcome.ts";
import type { SliceRecord } from "./slice.ts";

/** An item that can be run. */
export interface PreparedItem {
  kind: "PREPARED";
  prepared: PreparedInput;
  /** What explaining its answer takes, where that is asked for. */
  plan: ExplanationPlan | undefined;
}

/** Pictures and texts are prepared in this process, beside callers: a few at a time, and then it is somebody else's turn. */
const preparedAtOnce = 8;

/** Each of the records, in their order. */
export async function prepareItems(
  version: ModelVersion,
  records: readonly (SliceRecord | undefined)[],
  explanation: JobExplanation | undefined,
): Promise<(PreparedItem | FailedItem)[]> {
  const items: (PreparedItem | FailedItem)[] = [];
  for (const [i, record] of records.entries()) {
    if (i > 0 && i % preparedAtOnce === 0) await nextTurn();
    items.push(await prepareItem(version, record, explanation));
  }
  return items;
}

/** The item ready to be run, or what is wrong with it. */
async function prepareItem(
  version: ModelVersion,
  record: SliceRecord | undefined,
  explanation: JobExplanation | undefined,
): Promise<PreparedItem | FailedItem> {
  const { input, problem = "There is no input." } = record ?? {};
  if (input === undefined) return { kind: "FAILED", code: "INVALID_INPUT", message: problem, attempts: 1 };
  try {
    const [prepared] = await prepareInputs(version, [input]);
    if (prepared === undefined) throw new Error("an input was prepared to nothing");
    const plan = explanation && planExplanations(version.manifest, [prepared], requestForItem(explanation));
    return { kind: "PREPARED", prepared, plan };
  } catch (error) {
    if (codeOf(error) !== "INVALID_INPUT") throw error;
    return failedItem(error, 1);
  }
}

/** The rest is not the input's fault: too much to do, no runner up, out of time. */
export function isItemsFault(error: unknown): boolean {
  const code = codeOf(error);
  return code === "MODEL_FAILED" || code === "INVALID_INPUT";
}

/**
 * Whether the item cost a runner: one that ended, or ran out of memory. Whoever does so three times in ten minutes is kept
 * from the version, so such an item is not tried again alone.
 */
export function costARunner(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof RunnerGone || isOutOfMemory(error.message) || costARunner(error.cause);
}

export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof TollgateError ? error.code : undefined;
}

/** Messages name the place in a request; the line of an item says it better. */
export function failedItem(error: unknown, attempts: number): FailedItem {
  const message = messageOf(error).replace("inputs[0].", "").replace("inputs[0]", "The input");
  return { kind: "FAILED", code: codeOf(error) ?? "INTERNAL", message, attempts };
}
