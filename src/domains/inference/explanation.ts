import type { EncodedTensor } from "./encoded-tensor.ts";

export type ExplainMethod = "OCCLUSION" | "INTEGRATED_GRADIENTS" | "SHAP" | "ATTENTION";

/** What a caller wants explained, and how. */
export interface ExplainRequest {
  method: ExplainMethod;
  /** The places of the outputs; all where it is not given. */
  outputIndexes: number[] | undefined;
  /** SHAP: coalitions. INTEGRATED_GRADIENTS: steps. */
  samples: number | undefined;
  /** SHAP: where its chance begins. */
  seed: number | undefined;
  /** The label whose score is explained, or the place of the number; the answer's own where it is not given. */
  target: string | undefined;
  /** Token classification: the token whose label is explained. */
  token: number | undefined;
  /** What stands where a part is taken away from a picture or from numbers. */
  baseline: number | undefined;
}

export interface TokenValue {
  /** As it stands in the text, and where, in UTF-16 code units; undefined where token ids were sent instead. */
  text?: string | undefined;
  start?: number | undefined;
  end?: number | undefined;
  value: number;
}

/** Which parts of an input carried its output. */
export interface Explanation {
  method: ExplainMethod;
  target: string;
  baseline: string;
  /** How many changed copies of the input were asked: what was charged for beside the input itself. */
  evaluations: number;
  samples?: number | undefined;
  seed?: number | undefined;
  /** How many parts were told apart. Pixels, numbers or tokens of one part share its value evenly. */
  parts: number;
  /** One for each pixel, number or token. */
  values: EncodedTensor;
  tokens?: TokenValue[] | undefined;
  /** PNG, as base64. */
  heatMap?: string | undefined;
  completeness?: Completeness | undefined;
}

/** How far the attributions add up to what they explain. */
export interface Completeness {
  /** Of all values. */
  sum: number;
  /** The score of the input, less that of the baseline. */
  expected: number;
  /** Of the two, the first less the second. */
  error: number;
}
