import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { AttributionMethod } from "./attribution-method.ts";
import { checkTarget, checkToken } from "./explained-score.ts";
import type { ExplainRequest } from "./explanation.ts";
import { mostEvaluations, mostParts, sampleBounds } from "./explanation-bounds.ts";
import { type InputParts, partsOf } from "./input-parts.ts";
import { integratedGradients } from "./integrated-gradients.ts";
import { kernelShap } from "./kernel-shap.ts";
import { occlusion } from "./occlusion.ts";
import type { PreparedInput } from "./prepare.ts";

/** What will be asked of the version to explain a request's answers: known before anything is charged. */
export interface ExplanationPlan {
  request: ExplainRequest;
  outputs: PlannedExplanation[];
  /** Changed inputs that will be run, exactly; each is charged as an input. */
  evaluations: number;
}

export interface PlannedExplanation {
  /** The place of the output. */
  index: number;
  parts: InputParts;
  /** None for ATTENTION: the answer itself carries it. */
  method: AttributionMethod | undefined;
  samples: number | undefined;
}

/** Throws INVALID_INPUT where the version, or this input, cannot be explained that way. */
export function planExplanations(
  manifest: Manifest,
  prepared: readonly PreparedInput[],
  request: ExplainRequest,
): ExplanationPlan {
  const samples = checkExplanation(manifest, request);
  const outputs = placesOf(request, prepared.length).map((index) => {
    const input = prepared[index];
    if (input === undefined) throw new Error("a place without an input");
    const planned = planOne(manifest, { index, input, request, samples });
    checkToken(request, planned.parts.tokens);
    return planned;
  });
  const evaluations = outputs.reduce((sum, { method }) => sum + (method?.evaluations ?? 0), 0);
  if (evaluations <= mostEvaluations) return { request, outputs, evaluations };
  throw new TollgateError(
    "INVALID_INPUT",
    `explain would run ${evaluations} changed inputs; the limit of one request is ${mostEvaluations}. Explain fewer outputs.`,
  );
}

/** Refuses what can be refused before there is an input. Gives the samples that the method is used with. */
export function checkExplanation(manifest: Manifest, request: ExplainRequest): number | undefined {
  checkTarget(manifest, request);
  if (request.method === "ATTENTION" && manifest.attention === undefined) {
    throw unavailable(`${manifest.name} does not give its attention away`, "OCCLUSION or SHAP");
  }
  if (request.method === "INTEGRATED_GRADIENTS" && manifest.preprocessing?.kind === "text") throw noLine();
  return samplesOf(request);
}

interface Planned {
  index: number;
  input: PreparedInput;
  request: ExplainRequest;
  samples: number | undefined;
}

function planOne(manifest: Manifest, { index, input, request, samples }: Planned): PlannedExplanation {
  const { method, baseline = 0, seed = 0 } = request;
  switch (method) {
    case "ATTENTION": {
      const parts = partsOf(manifest, input, { most: Number.MAX_SAFE_INTEGER, baseline, withUnchanged: true });
      return { index, parts, method: undefined, samples };
    }
    case "OCCLUSION": {
      const parts = partsOf(manifest, input, { most: mostParts.OCCLUSION, baseline });
      return { index, parts, method: occlusion(parts.count), samples };
    }
    case "INTEGRATED_GRADIENTS": {
      const parts = partsOf(manifest, input, { most: mostParts.INTEGRATED_GRADIENTS, baseline });
      if (!parts.isContinuous) throw noLine();
      return { index, parts, method: integratedGradients(parts.count, samples ?? 0), samples };
    }
    case "SHAP": {
      // Two coalitions for each part at the least: fewer could not tell them apart.
      const most = Math.min(mostParts.SHAP, Math.floor((samples ?? 0) / 2));
      const parts = partsOf(manifest, input, { most, baseline });
      return { index, parts, method: kernelShap(parts.count, samples ?? 0, seed), samples };
    }
  }
}

function samplesOf({ method, samples }: ExplainRequest): number | undefined {
  const bounds = sampleBounds[method];
  if (bounds === undefined) {
    if (samples === undefined) return undefined;
    throw new TollgateError("INVALID_INPUT", `explain.samples is not for ${method}; leave it out.`);
  }
  const wanted = samples ?? bounds.usual;
  if (wanted >= bounds.least && wanted <= bounds.most) return wanted;
  throw new TollgateError(
    "INVALID_INPUT",
    `explain.samples is ${wanted}; ${method} takes ${bounds.least} to ${bounds.most}.`,
  );
}

function placesOf({ outputIndexes }: ExplainRequest, count: number): number[] {
  if (outputIndexes === undefined) return Array.from({ length: count }, (_, i) => i);
  const wrong = outputIndexes.find((index) => !(index >= 0 && index < count));
  if (wrong !== undefined) {
    throw new TollgateError("INVALID_INPUT", `explain.outputIndexes has ${wrong}; the places are 0 to ${count - 1}.`);
  }
  if (outputIndexes.length === 0) {
    throw new TollgateError("INVALID_INPUT", "explain.outputIndexes is empty; name an output or leave it out.");
  }
  return [...new Set(outputIndexes)];
}

function noLine(): TollgateError {
  return unavailable(
    "A token is there or not: between the two there is no line to integrate along",
    "OCCLUSION or SHAP",
  );
}

function unavailable(why: string, instead: string): TollgateError {
  return new TollgateError("INVALID_INPUT", `explain.method is not possible here. ${why}; use ${instead}.`);
}
