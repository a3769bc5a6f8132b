import type { FieldNode } from "graphql";
import type { ExplainMethod } from "../../domains/inference/explanation.ts";
import { evaluationsAtMost } from "../../domains/inference/explanation-bounds.ts";
import { argumentOf, entryOf, lengthOf, plainValue, type Variables } from "./written-values.ts";

type Cost = (variables: Variables) => number;

/** How many changed inputs the explanations of an `infer` field could take: known without its inputs, so never too low. */
export function evaluationsOf(field: FieldNode, inputs: Cost): Cost {
  const input = argumentOf(field, "input");
  return (variables) => {
    const explain = entryOf(input, "explain", variables);
    const method = methodNamed(plainValue(entryOf(explain, "method", variables), variables));
    if (method === undefined) return 0;
    const samples = plainValue(entryOf(explain, "samples", variables), variables);
    const named = lengthOf(entryOf(explain, "outputIndexes", variables), variables);
    // None named are all; naming one twice explains it once.
    const outputs = named === 0 ? inputs(variables) : Math.min(named, inputs(variables));
    return outputs * evaluationsAtMost(method, wholeOf(samples));
  };
}

const methods: Record<ExplainMethod, ExplainMethod> = {
  OCCLUSION: "OCCLUSION",
  INTEGRATED_GRADIENTS: "INTEGRATED_GRADIENTS",
  SHAP: "SHAP",
  ATTENTION: "ATTENTION",
};

function methodNamed(name: unknown): ExplainMethod | undefined {
  return Object.values(methods).find((method) => method === name);
}

/** A number that is written out stays text until it is taken. */
function wholeOf(samples: unknown): number | undefined {
  const number = typeof samples === "string" ? Number(samples) : samples;
  return typeof number === "number" && number > 0 ? number : undefined;
}
