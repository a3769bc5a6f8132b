import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";

const examples = path.resolve(import.meta.dirname, "../../../examples");
let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway({ BODY_LIMIT_MB: "8" });
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const digit = (file = "73-7.png") => ({ image: readFileSync(path.join(examples, "digits", file), "base64") });
const grey = (value: number, length = 784) => ({
  dtype: "uint8",
  shape: [length],
  data: Buffer.alloc(length, value).toString("base64"),
});
const float = (values: number[]) => ({
  dtype: "float32",
  shape: [values.length],
  data: Buffer.from(Float32Array.from(values).buffer).toString("base64"),
});
const ids = (values: number[]) => ({
  dtype: "int64",
  shape: [values.length],
  data: Buffer.from(BigInt64Array.from(values, BigInt).buffer).toString("base64"),
});
const usedInputs = async () => (await tenant.key.ask("{ limits { used } }")).data.limits[0].used;

describe("infer", () => {
  test("recognises a digit, and says which version answered, what it cost and where the time went", async () => {
    const answer = await tenant.key.infer(
      { model: "digits", inputs: [digit()], topK: 3 },
      "id alias model { name } version { version state } outputs { index label score scores { label score } truncated } usage { meter quantity amount } timing { queueMs runMs totalMs batchSize provider } createdAt",
    );
    expect(answer.errors).toEqual([]);
    const { infer } = answer.data;
    expect(infer).toMatchObject({
      alias: "stable",
      model: { name: "digits" },
      version: { version: 1, state: "READY" },
      usage: [{ meter: "inputs", quantity: 1, amount: "100" }],
      timing: { provider: "CPU" },
    });
    expect(infer.outputs).toHaveLength(1);
    expect(infer.outputs[0]).toMatchObject({ index: 0, label: "7", truncated: false });
    expect(infer.outputs[0].scores).toHaveLength(3);
    expect(infer.outputs[0].scores[0]).toEqual({ label: "7", score: infer.outputs[0].score });
    expect(infer.id).toMatch(/^inf_[0-9a-z]{26}$/);
  });

  test("gives the same bits for a picture as PNG, as raw pixels, as scaled numbers and as nested arrays", async () => {
    const png = digit();
    const pixels = await sharp(Buffer.from(png.image, "base64")).extractChannel(0).raw().toBuffer();
    const scale = 0.00392156862745098;
    const scaled = [...pixels].map((pixel) => Math.fround(pixel * scale));
    const rows = Array.from({ length: 28 }, (_, row) => scaled.slice(28 * row, 28 * row + 28));
    const inputs = [
      png,
      { tensor: { dtype: "uint8", shape: [28, 28], data: pixels.toString("base64") } },
      { tensor: float(scaled) },
      { tensor: rows },
    ];
    const answer = await tenant.key.infer({ model: "digits", inputs, topK: 10 }, "outputs { scores { label score } }");
    const [first, ...others] = answer.data.infer.outputs;
    for (const other of others) expect(other).toEqual(first);
  });

  test("tells ham from spam, says when a text was cut, and takes token ids too", async () => {
    const files = (await readdir(path.join(examples, "mails"))).sort();
    const texts = await Promise.all(files.map((file) => readFile(path.join(examples, "mails", file), "utf8")));
    const answer = await tenant.key.infer(
      {
        model: "mail",
        inputs: [...texts.map((text) => ({ text })), { text: "word ".repeat(1_000) }, { tensor: ids([5, 6, 7]) }],
      },
      "outputs { label truncated }",
    );
    const labels = answer.data.infer.outputs.slice(0, files.length).map((output: { label: string }) => output.label);
    const right = labels.filter((label: string, index: number) => files[index]?.includes(label)).length;
    expect(right).toBeGreaterThanOrEqual(0.9 * files.length);
    expect(answer.data.infer.outputs.at(-2).truncated).toBe(true);
    expect(answer.data.infer.outputs.at(-1).truncated).toBe(false);
  });

  test("takes 256 inputs, meters each, and keeps their order", async () => {
    const before = await usedInputs();
    const inputs = Array.from({ length: 256 }, (_, index) => (index % 2 === 0 ? digit("73-7.png") : digit("00-0.png")));
    const answer = await tenant.key.infer({ model: "digits", inputs }, "outputs { index label } usage { quantity }");
    const { outputs, usage } = answer.data.infer;
    expect(outputs.map((output: { index: number }) => output.index)).toEqual([...Array(256).keys()]);
    expect(
      new Set(
        outputs.filter((_: unknown, index: number) => index % 2 === 0).map((output: { label: string }) => output.label),
      ),
    ).toEqual(new Set(["7"]));
    expect(usage).toEqual([{ quantity: 256 }]);
    expect(await usedInputs()).toBe(before + 256);
  });

  test("answers a version by its number, without an alias", async () => {
    const answer = await tenant.key.infer(
      { model: "digits", version: 1, alias: null, inputs: [digit()] },
      "alias version { version }",
    );
    expect(answer.data.infer).toEqual({ alias: null, version: { version: 1 } });
  });
});

const fiftyMegapixels = async () =>
  (
    await sharp({ create: { width: 10_000, height: 5_000, channels: 3, background: "white" } })
      .png()
      .toBuffer()
  ).toString("base64");

describe("bad input is refused with one error that names its place, and nothing is charged:", () => {
  const cases: [string, () => Record<string, unknown> | Promise<Record<string, unknown>>, string, RegExp][] = [
    [
      "not a picture",
      () => ({ model: "digits", inputs: [digit(), { image: Buffer.from("hello").toString("base64") }] }),
      "INVALID_INPUT",
      /inputs\[1\]\.image is neither a PNG nor a JPEG/,
    ],
    [
      "half a picture",
      () => ({ model: "digits", inputs: [{ image: digit().image.slice(0, 120) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.image/,
    ],
    [
      "50 megapixels",
      async () => ({ model: "digits", inputs: [{ image: await fiftyMegapixels() }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.image is 50\.0 MP; the limit is 4 MP/,
    ],
    [
      "malformed base64",
      () => ({ model: "digits", inputs: [{ image: "@@@@" }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.image is not base64/,
    ],
    [
      "an empty text",
      () => ({ model: "mail", inputs: [{ text: "" }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.text has no word/,
    ],
    [
      "a text without a word",
      () => ({ model: "mail", inputs: [{ text: "ham" }, { text: " \n " }] }),
      "INVALID_INPUT",
      /inputs\[1\]\.text has no word/,
    ],
    [
      "NaN",
      () => ({ model: "digits", inputs: [{ tensor: float(Array(784).fill(Number.NaN)) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.tensor holds NaN at place 0/,
    ],
    [
      "an infinity",
      () => ({ model: "digits", inputs: [{ tensor: float(Array(784).fill(Number.POSITIVE_INFINITY)) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.tensor holds Infinity at place 0/,
    ],
    [
      "a negative infinity",
      () => ({ model: "digits", inputs: [{ tensor: float([...Array(783).fill(0), Number.NEGATIVE_INFINITY]) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.tensor holds -Infinity at place 783/,
    ],
    [
      "a number out of range",
      () => ({ model: "digits", inputs: [{ tensor: float(Array(784).fill(1.5)) }] }),
      "INVALID_INPUT",
      /holds 1\.5 at place 0; this version takes 0 to 1/,
    ],
    [
      "a negative token id",
      () => ({ model: "mail", inputs: [{ tensor: ids([5, -1]) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.tensor holds -1 at place 1/,
    ],
    [
      "a token id beyond the vocabulary",
      () => ({ model: "mail", inputs: [{ tensor: ids([5, 9_000]) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.tensor holds 9000 at place 1; this version takes 0 to \d+/,
    ],
    [
      "too many tokens",
      () => ({ model: "mail", inputs: [{ tensor: ids(Array(257).fill(5)) }] }),
      "INVALID_INPUT",
      /has shape \[257\]; this version takes \[1 to 256\]/,
    ],
    [
      "a wrong shape",
      () => ({ model: "digits", inputs: [{ tensor: grey(0, 783) }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.tensor has shape \[783\]; this version takes \[784\]/,
    ],
    [
      "less data than its shape",
      () => ({ model: "digits", inputs: [{ tensor: { ...grey(0), data: "AAAA" } }] }),
      "INVALID_INPUT",
      /has 3 bytes of data; uint8 of shape \[784\] takes 784/,
    ],
    [
      "a wrong dtype",
      () => ({ model: "mail", inputs: [{ tensor: float([1]) }] }),
      "INVALID_INPUT",
      /has dtype float32; this version takes int64/,
    ],
    [
      "ragged arrays",
      () => ({ model: "digits", inputs: [{ tensor: [[1, 2], [3]] }] }),
      "INVALID_INPUT",
      /rows of different lengths/,
    ],
    [
      "two kinds in one input",
      () => ({ model: "digits", inputs: [{ ...digit(), text: "x" }] }),
      "INVALID_INPUT",
      /inputs\[0\] has image and text; send exactly one/,
    ],
    ["an input of nothing", () => ({ model: "digits", inputs: [{}] }), "INVALID_INPUT", /inputs\[0\] has none/],
    [
      "text for pictures",
      () => ({ model: "digits", inputs: [{ text: "seven" }] }),
      "INVALID_INPUT",
      /inputs\[0\]\.text is not what digits takes: send image or tensor/,
    ],
    ["no input", () => ({ model: "digits", inputs: [] }), "INVALID_INPUT", /inputs has 0 entries; send 1 to 256/],
    [
      "257 inputs",
      () => ({ model: "digits", inputs: Array(257).fill({ tensor: grey(0) }) }),
      "INVALID_INPUT",
      /inputs has 257 entries; send 1 to 256/,
    ],
    ["an unknown model", () => ({ model: "cats", inputs: [digit()] }), "NOT_FOUND", /no such model/],
    [
      "an unknown version",
      () => ({ model: "digits", version: 9, inputs: [digit()] }),
      "NOT_FOUND",
      /no such model version/,
    ],
    ["an unknown alias", () => ({ model: "digits", alias: "canary", inputs: [digit()] }), "NOT_FOUND", /no such alias/],
    [
      "topK of 0",
      () => ({ model: "digits", topK: 0, inputs: [digit()] }),
      "INVALID_INPUT",
      /topK is 0; it must be from 1 to 100/,
    ],
    [
      "a deadline in the past",
      () => ({ model: "digits", deadlineMs: 0, inputs: [digit()] }),
      "INVALID_INPUT",
      /deadlineMs is 0; it must be from 1 to 30000/,
    ],
    [
      "an empty idempotency key",
      () => ({ model: "digits", idempotencyKey: "", inputs: [digit()] }),
      "INVALID_INPUT",
      /idempotencyKey has 0 characters/,
    ],
    [
      "a number for a picture",
      () => ({ model: "digits", inputs: [{ image: 5 }] }),
      "INVALID_INPUT",
      /input\.inputs\[0\]\.image: .*Base64 is a string/,
    ],
  ];

  test.each(cases)("%s", async (_name, input, code, message) => {
    const before = await usedInputs();
    const answer = await tenant.key.infer(await input());
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.extensions.code).toBe(code);
    expect(answer.errors[0]?.message).toMatch(message);
    expect(answer.errors[0]?.extensions.requestId).toBe(answer.headers.get("x-request-id"));
    expect(await usedInputs()).toBe(before);
  });

  test("a body over the limit", async () => {
    const answer = await tenant.key.infer({ model: "digits", inputs: [{ image: "A".repeat(9 * 1024 * 1024) }] });
    expect(answer.errors[0]?.extensions.code).toBe("INVALID_INPUT");
    expect(answer.errors[0]?.message).toContain("larger than 8388608 bytes");
  });

  test("the value that was refused is not sent back", async () => {
    const secret = `hidden ${"; at ".repeat(50_000)}`;
    const answer = await tenant.key.send("mutation($input: InferInput!) { infer(input: $input) { id } }", {
      input: { model: "digits", topK: secret, inputs: [] },
    });
    expect(answer.errors).toHaveLength(1);
    expect(JSON.stringify(answer.errors)).not.toContain("hidden");
    expect(answer.errors[0]?.message.length).toBeLessThan(600);
  });
});
