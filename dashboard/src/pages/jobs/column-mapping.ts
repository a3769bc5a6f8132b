import type { DatasetColumnsInput, ModelTask } from "../../graphql/generated/graphql.ts";
import type { FileColumn } from "./file-head.ts";

/** What an input is given as. */
export type InputKind = "text" | "image" | "tensor";

export const kindNames: Record<InputKind, string> = { text: "Texts", image: "Pictures", tensor: "Tensors, as JSON" };

/** Which column of a file is what. */
export interface ColumnMapping {
  kind: InputKind;
  column: string;
  id: string | undefined;
}

/** What a model of this task takes, the usual first. */
export function kindsOf(task: ModelTask): InputKind[] {
  switch (task) {
    case "IMAGE_CLASSIFICATION":
      return ["image", "tensor"];
    case "TEXT_CLASSIFICATION":
    case "TOKEN_CLASSIFICATION":
      return ["text"];
    case "TENSOR":
      return ["tensor"];
  }
}

/**
 * As the names of the columns say; otherwise the column with most in its first row, the id left out: inputs are longer than
 * numbers and dates. Undefined where there are no columns.
 */
export function guessedMapping(columns: readonly FileColumn[], kinds: readonly InputKind[]): ColumnMapping | undefined {
  const names = columns.map(({ name }) => name);
  const id = names.find((name) => name.toLowerCase() === "id");
  const kind = kinds.find((one) => names.includes(one)) ?? kinds[0];
  const [longest] = columns
    .filter(({ name }) => name !== id)
    .toSorted((one, other) => other.sample.length - one.sample.length);
  const column = names.find((name) => name === kind) ?? longest?.name ?? names[0];
  return kind === undefined || column === undefined ? undefined : { kind, column, id };
}

export function columnsInput(mapping: ColumnMapping | undefined): DatasetColumnsInput | null {
  if (mapping === undefined) return null;
  const { kind, column, id } = mapping;
  return { [kind]: column, ...(id === undefined ? {} : { id }) };
}
