import { expect, test } from "vitest";
import type { LoadableVersion } from "../../../src/domains/inference/engine.ts";
import { engineHouse } from "../../support/engine-house.ts";
import { refusalOf } from "../../support/refusal.ts";
import { bundledModel, samplesOf, tinyModel } from "../../support/tiny-models.ts";

type Change = (version: LoadableVersion) => LoadableVersion;

const withInput =
  (change: object): Change =>
  (version) => {
    const { inputs, outputs } = version.manifest.signature;
    const signature = { inputs: inputs.map((input) => ({ ...input, ...change })), outputs };
    return { ...version, manifest: { ...version.manifest, signature } };
  };

const withFile =
  (change: (whole: Uint8Array) => Uint8Array): Change =>
  (version) => ({ ...version, readModel: async () => change(await version.readModel()) });

const refusals: [string, Change, string][] = [
  [
    "a golden output that the model does not give",
    (version) => {
      const [sample] = version.manifest.golden.samples;
      const data = Buffer.from(Float32Array.of(10).buffer).toString("base64");
      const outputs = { value: { dtype: "float32" as const, shape: [1], data } };
      const samples = [{ ...sample, tensors: sample?.tensors ?? {}, outputs }];
      return { ...version, manifest: { ...version.manifest, golden: { tolerance: 0.5, samples } } };
    },
    'golden sample 0: output "value" is 9 at place 0; 10 is expected, give or take 0.5.',
  ],
  ["a file that is no model", withFile(() => Buffer.from("no model at all")), "protobuf"],
  ["an empty file", withFile(() => new Uint8Array()), "not accepted"],
  ["a file that is cut off", withFile((whole) => whole.subarray(0, 100)), "protobuf"],
  [
    "an input of another name",
    (version) => {
      const renamed = withInput({ name: "place" })(version);
      const [sample] = version.manifest.golden.samples;
      const tensors = { place: sample?.tensors["index"] ?? { dtype: "int64" as const, shape: [1], data: "" } };
      const golden = { tolerance: 0, samples: [{ tensors, outputs: sample?.outputs ?? {} }] };
      return { ...renamed, manifest: { ...renamed.manifest, golden } };
    },
    'the graph has no input "place"; it has "index".',
  ],
  [
    "a fixed batch",
    withInput({ shape: [1] }),
    "index has a fixed first dimension of 1; it must be the batch, and vary.",
  ],
  [
    "two dimensions that vary",
    withInput({ shape: ["batch", "a", "b"] }),
    "index has 2 dimensions besides the batch that vary",
  ],
];

test.each(refusals)("%s is refused with a reason, and the other versions go on", async (_, change, reason) => {
  const house = await engineHouse([tinyModel("hungry")]);
  const error = await refusalOf(house.engine.load(change(tinyModel("lookup"))));
  expect(error.code).toBe("MODEL_REJECTED");
  expect(error.message).toContain(reason);
  expect((await refusalOf(house.run("lookup", [[BigInt64Array.of(1n)]]))).code).toBe("MODEL_NOT_READY");
  expect((await house.run("hungry", [[BigInt64Array.of(5n)]])).outputs).toEqual([[Float32Array.of(5)]]);
});

test("a model that gives one answer for a whole batch is refused", async () => {
  const house = await engineHouse([]);
  const error = await refusalOf(house.engine.load(tinyModel("merged")));
  expect(error.code).toBe("MODEL_REJECTED");
  expect(error.message).toContain("rows for a batch of 2");
});

test("a version is loaded once, however often and at the same time it is asked for", async () => {
  const house = await engineHouse([]);
  const digits = await bundledModel("digits");
  await Promise.all([house.engine.load(digits), house.engine.load(digits)]);
  await house.engine.load(digits);
  expect(house.engine.state().lanes.map(({ versionId }) => versionId)).toEqual(["digits"]);
  expect((await house.run("digits", samplesOf(digits))).outputs).toHaveLength(10);
});
