import type { TokenPlace } from "./lower-case.ts";

/** A text as the graph takes it. `truncated` says whether it had more tokens than the version reads. */
export interface EncodedText {
  ids: BigInt64Array;
  truncated: boolean;
  /** For each id where its token stands in the text; undefined for special tokens, which stand nowhere. */
  places: () => (TokenPlace | undefined)[];
}

export interface TextTokenizer {
  encode(text: string): EncodedText;
  /** What stands for a token whose presence is taken away. */
  readonly unknownId: bigint;
}
