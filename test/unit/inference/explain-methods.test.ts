import { expect, test } from "vitest";
import { explainMethodsOf } from "../../../src/domains/inference/explain-methods.ts";
import { ExplainMethod } from "../../../src/domains/inference/explanation.types.ts";
import { planExplanations } from "../../../src/domains/inference/explanation-plan.ts";
import { prepareInputs } from "../../../src/domains/inference/prepare.ts";
import type { Manifest } from "../../../src/domains/models/manifest.ts";
import type { ModelVersion } from "../../../src/domains/models/model.ts";
import { greySquare } from "../../support/people.ts";
import { bundledModel, tinyModel } from "../../support/tiny-models.ts";

const input = { image: null, text: null, tensor: undefined };
const int64s = { dtype: "int64", shape: [1], data: Buffer.from(BigInt64Array.of(3n).buffer).toString("base64") };
const cases = [
  ["digits", () => bundledModel("digits"), { ...input, ...greySquare }],
  ["mail", () => bundledModel("mail"), { ...input, text: "You have won" }],
  ["mail-attention", () => bundledModel("mail-attention"), { ...input, text: "You have won" }],
  ["tags", () => bundledModel("tags"), { ...input, text: "Meet Anna on Monday" }],
  ["numbers without fractions", () => tinyModel("lookup"), { ...input, tensor: int64s }],
] as const;

function versionWith(manifest: Manifest): ModelVersion {
  return {
    id: "v",
    modelId: "m",
    ownerTenantId: undefined,
    version: 1,
    digest: "",
    task: manifest.task,
    state: "READY",
    stateReason: undefined,
    manifest,
    registeredAt: new Date(0),
    retiredAt: undefined,
  };
}

test.each(cases)("of %s, the methods that are told are those that are not refused", async (_name, load, given) => {
  const loadable = await load();
  const { manifest } = loadable;
  const prepared = await prepareInputs(versionWith(manifest), [given]);
  const accepted = Object.values(ExplainMethod).filter((method) => {
    try {
      planExplanations(manifest, prepared, {
        method,
        outputIndexes: undefined,
        samples: undefined,
        seed: undefined,
        target: undefined,
        token: undefined,
        baseline: undefined,
      });
      return true;
    } catch {
      return false;
    }
  });
  expect(explainMethodsOf(manifest).toSorted()).toEqual(accepted.toSorted());
});
