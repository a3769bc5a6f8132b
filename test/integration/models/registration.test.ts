import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { graph, model, node, tensor, value } from "../../support/onnx-writer.ts";
import { digestOf, itsNumbers, numbersOf, RegistryClient, tinyFile } from "../../support/registry.ts";
import { tinyModel } from "../../support/tiny-models.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let registry: RegistryClient;

beforeAll(async () => {
  // Little memory, so that a model that takes much of it meets the limit soon.
  gateway = await startTestGateway({ RUNNER_MEMORY_MB: "512" });
  tenant = await gateway.createTenant();
  registry = new RegistryClient(tenant.key);
});

afterAll(async () => {
  await gateway.close();
});

const floats = (...values: number[]) => ({
  tensor: {
    dtype: "float32",
    shape: [values.length],
    data: Buffer.from(Float32Array.from(values).buffer).toString("base64"),
  },
});

/** A file of its own: the same graph, with another weight that nothing reads. */
function variantOf(seed: number): Uint8Array {
  const unread = tensor({ name: "unread", dims: [1], dataType: 6, raw: new Uint8Array(Int32Array.of(seed).buffer) });
  return model({ graph: graph({ initializers: [unread] }) });
}

async function rowsOf(name: string) {
  return await gateway.sql(
    "select v.version, v.state from model_versions v join models m on m.id = v.model_id where m.name = $1 order by 1",
    [name],
  );
}

describe("a version becomes ready", () => {
  test("when nothing was said about it: its signature is read, golden samples are recorded, and it answers", async () => {
    const registered = await registry.register("adder", tinyFile("sum"));
    expect(registered).toMatchObject({ version: 1, state: "READY", stateReason: null });
    const answer = await tenant.key.infer(
      { model: "adder", inputs: [floats(1, 2, 3)] },
      `outputs { ${itsNumbers} } version { version inputs { name shape } }`,
    );
    expect(numbersOf(answer.data.infer.outputs[0])).toEqual([6]);
    expect(answer.data.infer.version).toEqual({ version: 1, inputs: [{ name: "x", shape: ["batch", "length"] }] });
    const [row] = await gateway.sql("select manifest from model_versions where id = $1", [registered.id]);
    expect(row?.["manifest"].golden.samples).toHaveLength(4);
  });

  test("with the manifest that was given, and labels for its scores", async () => {
    const file = model({
      graph: graph({ inputs: [value("x", 1, ["batch", 2])], outputs: [value("y", 1, ["batch", 2])] }),
    });
    const rest = { labels: ["cat", "dog"], semantics: "LOGITS", description: "Tells cats from dogs." };
    expect(await registry.register("pets", file, rest)).toMatchObject({ state: "READY", stateReason: null });
    const answer = await tenant.key.infer({ model: "pets", inputs: [floats(0, 3)] });
    expect(answer.data.infer.outputs[0].label).toBe("dog");
    expect(answer.data.infer.outputs[0].score).toBeCloseTo(1 / (1 + Math.exp(-3)), 5);
  });

  test("under the next number, or the one that was asked for", async () => {
    expect(await registry.register("counted", variantOf(1))).toMatchObject({ version: 1 });
    expect(await registry.register("counted", variantOf(2), { version: 7 })).toMatchObject({ version: 7 });
    expect(await registry.register("counted", variantOf(3))).toMatchObject({ version: 8 });
    const taken = await registry.put(variantOf(4));
    expect(taken.status).toBe(201);
    const refused = await registry.sendRegister({ model: "counted", digest: digestOf(variantOf(4)), version: 7 });
    expect(refused.errors.map((error) => error.extensions.code)).toEqual(["CONFLICT"]);
    expect(await rowsOf("counted")).toHaveLength(3);
  });

  test("and each step of it is told to the auditors", async () => {
    const { id } = await registry.register("audited", variantOf(5));
    const events = await gateway.sql("select action, actor_id from audit_events where subject_id = $1 order by id", [
      id,
    ]);
    expect(events).toEqual([
      { action: "model_version.registered", actor_id: tenant.apiKeyId },
      { action: "model_version.ready", actor_id: tenant.apiKeyId },
    ]);
  });
});

describe("the same bytes", () => {
  test("are one version, however many register them at once", async () => {
    await registry.put(variantOf(10));
    const input = { model: "once", digest: digestOf(variantOf(10)) };
    const answers = await Promise.all(Array.from({ length: 8 }, () => registry.sendRegister(input)));
    const ids = answers.map((answer) => answer.data?.registerModelVersion?.id);
    expect(new Set(ids).size).toBe(1);
    expect(answers.map((answer) => answer.data.registerModelVersion.state)).toEqual(Array(8).fill("READY"));
    expect(await rowsOf("once")).toEqual([{ version: 1, state: "READY" }]);
  });

  test("said to be something else are a conflict", async () => {
    await registry.register("same", variantOf(11));
    const other = { model: "same", digest: digestOf(variantOf(11)), semantics: "VALUES", labels: ["a"] };
    expect((await registry.sendRegister(other)).errors.map((error) => error.extensions.code)).toEqual(["CONFLICT"]);
    expect(await rowsOf("same")).toHaveLength(1);
  });

  test("can be registered anew after they were rejected, with what was missing", async () => {
    const file = tinyFile("lookup");
    const wrong = { ...tinyModel("lookup").manifest, sha256: digestOf(file), name: "looked-up" };
    const [sample] = wrong.golden.samples;
    const golden = {
      tolerance: 0.5,
      samples: [{ ...sample, outputs: { value: { dtype: "float32", shape: [1], data: "AAAAAA==" } } }],
    };
    const first = await registry.register("looked-up", file, { manifest: { ...wrong, golden } });
    expect(first).toMatchObject({ version: 1, state: "REJECTED" });
    expect(first.stateReason).toMatch(/golden sample 0: output "value" is 9 at place 0; 0 is expected/);
    const again = await registry.register("looked-up", file, { manifest: { ...wrong, version: 2 } });
    expect(again).toMatchObject({ version: 2, state: "READY" });
  });
});

describe("a version is rejected, with a reason for whoever made it, that", () => {
  const whole = tinyFile("sum");
  const outside = tensor({ name: "emb", dims: [4], outside: "emb.bin" });
  test.each<[string, Uint8Array, RegExp]>([
    ["was cut off", whole.subarray(0, whole.length - 9), /is no ONNX model, or is damaged/],
    ["is something else", Buffer.from("%PDF-1.7 no model"), /is no ONNX model, or is damaged/],
    [
      "keeps weights in another file",
      model({ graph: graph({ initializers: [outside] }) }),
      /initializer "emb" keeps its data in the file "emb.bin"; export with external_data=False/,
    ],
    [
      "runs what this runtime does not know",
      model({ graph: graph({ nodes: [node({ operator: "Frobnicate", inputs: ["x"], outputs: ["y"] })] }) }),
      /Frobnicate/,
    ],
    [
      "has no batch that varies",
      model({ graph: graph({ inputs: [value("x", 1, [1, 3])], outputs: [value("y", 1, [1, 3])] }) }),
      /must be the batch/,
    ],
    ["takes two inputs", model({ graph: graph({ inputs: [value("x"), value("z")] }) }), /takes "x", "z"/],
  ])("%s", async (what, file, reason) => {
    const name = what.replaceAll(" ", "-");
    const registered = await registry.register(name, file);
    expect(registered).toMatchObject({ state: "REJECTED" });
    expect(registered.stateReason).toMatch(reason);
    const [error] = (await tenant.key.infer({ model: name, inputs: [floats(1)] })).errors;
    expect(error?.extensions.code).toBe("NOT_FOUND"); // no alias points at what never could answer
  });

  test("has a bit flipped on the way is not even taken", async () => {
    const file = variantOf(30);
    const flipped = Uint8Array.from(file);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const response = await registry.put(flipped, digestOf(file));
    expect(response.status).toBe(409);
  });

  test("runs for ever, or takes all memory, when it is tried; and others go on answering", async () => {
    const range = (input: string, dtype: string) => ({
      signature: {
        inputs: [{ name: input, dtype, shape: ["batch"], range: [1e15, 2e15] }],
        outputs: [
          {
            name: input === "turns" ? "turned" : "seen",
            dtype: input === "turns" ? dtype : "float32",
            shape: ["batch"],
          },
        ],
      },
    });
    const [endless, hungry] = await Promise.all([
      registry.register("endless", tinyFile("loop"), { manifest: range("turns", "int64"), waitMs: 60_000 }),
      registry.register("hungry", tinyFile("hungry"), { manifest: range("numbers", "int64"), waitMs: 60_000 }),
      (async () => {
        const pixels = Buffer.alloc(784).toString("base64");
        for (let i = 0; i < 50; i++) {
          const input = { model: "digits", inputs: [{ tensor: { dtype: "uint8", shape: [784], data: pixels } }] };
          expect((await tenant.key.infer(input)).errors).toEqual([]);
        }
      })(),
    ]);
    expect(endless).toMatchObject({ state: "REJECTED" });
    expect(hungry).toMatchObject({ state: "REJECTED" });
    expect(endless.stateReason).toMatch(/did not answer inputs that were made up/);
    expect(hungry.stateReason).toMatch(/did not answer inputs that were made up/);
  });
});

describe("nothing is written for", () => {
  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ["a name that is none", { model: "No Name" }, "INVALID_INPUT", /model is "No Name"/],
    ["a digest that is none", { digest: "abc" }, "INVALID_INPUT", /digest is not a sha-256/],
    ["no file at all", { digest: undefined }, "INVALID_INPUT", /Send the ONNX file, or the digest/],
    ["a file that was never brought", { digest: "f".repeat(64) }, "NOT_FOUND", /Send it first: PUT/],
    ["the name of a platform's model", { model: "digits" }, "CONFLICT", /the name of a model of the platform/],
    ["labels without their meaning", { labels: ["a"] }, "INVALID_INPUT", /say in semantics/],
    ["a manifest of another model", { manifest: { name: "other" } }, "INVALID_INPUT", /manifest.name is "other"/],
    ["a wait without end", { waitMs: 1e9 }, "INVALID_INPUT", /waitMs is 1000000000/],
  ])("%s", async (_what, input, code, message) => {
    await registry.put(variantOf(20));
    const before = await gateway.sql("select count(*) from model_versions");
    const answer = await registry.sendRegister({ model: "never", digest: digestOf(variantOf(20)), ...input });
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.extensions.code).toBe(code);
    expect(answer.errors[0]?.message).toMatch(message);
    expect(await gateway.sql("select count(*) from model_versions")).toEqual(before);
  });
});
