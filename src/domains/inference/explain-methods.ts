import type { Manifest } from "../models/manifest.ts";
import type { ExplainRequest } from "./explanation.ts";

/** How the answers of a version can be explained: what `planExplanations` would not refuse whatever the input. */
export function explainMethodsOf({ preprocessing, signature, attention }: Manifest): ExplainRequest["method"][] {
  // Between two words there is no line to integrate along, nor between whole numbers.
  const isContinuous = preprocessing?.kind !== "text" && signature.inputs[0]?.dtype === "float32";
  return [
    "OCCLUSION",
    ...(isContinuous ? (["INTEGRATED_GRADIENTS"] as const) : []),
    "SHAP",
    ...(attention === undefined ? [] : (["ATTENTION"] as const)),
  ];
}
