import type { InferenceInput } from "../../graphql/generated/graphql.ts";
import type { InputKind } from "./column-mapping.ts";

export type PastedInputs = { inputs: InferenceInput[]; problem?: undefined } | { inputs?: undefined; problem: string };

/** What can come with a job itself; more is a dataset. */
const maxInputs = 10_000;

/**
 * Each line that is not empty as an input: a text as it stands, or an object of JSON as a line of a JSONL file is. A text
 * that happens to begin with a brace stays a text.
 */
export function pastedInputs(text: string, kinds: readonly InputKind[]): PastedInputs {
  const inputs: InferenceInput[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const input = objectIn(trimmed, kinds) ?? (kinds.includes("text") ? { text: line } : undefined);
    if (input === undefined) return { problem: `Line ${index + 1} is no JSON object with ${kinds.join(" or ")}.` };
    inputs.push(input);
  }
  if (inputs.length > maxInputs)
    return { problem: `There are ${inputs.length} lines; paste at most ${maxInputs}, or choose a file of them.` };
  return { inputs };
}

function objectIn(line: string, kinds: readonly InputKind[]): InferenceInput | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const row: Record<string, unknown> = JSON.parse(line);
    const kind = kinds.find((one) => row[one] !== undefined);
    return kind === undefined ? undefined : { [kind]: row[kind] };
  } catch {
    return undefined;
  }
}
