import type { Manifest } from "../models/manifest.ts";
import type { PreparedInput } from "./prepare.ts";

/** How many tokens the graph reads of the inputs; none where it does not read texts. */
export function tokensIn({ preprocessing, signature }: Manifest, prepared: readonly PreparedInput[]): number {
  if (preprocessing?.kind !== "text") return 0;
  const place = signature.inputs.findIndex((input) => input.name === preprocessing.tensor);
  return prepared.reduce((sum, { row }) => sum + (row[place]?.length ?? 0), 0);
}
