// The baseline: what answering these requests costs in Node with nothing around it. No GraphQL, no authentication, no
// metering; the session is in this process, on one thread.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { VocabularyTokenizer } from "../../src/domains/inference/tokenizer.ts";
import type { VocabularyRecipe } from "../../src/domains/models/recipes.ts";
import { modelsDir } from "../paths.ts";

interface Input {
  tensor: { data: string };
  text: string;
}

interface Output {
  label: string;
  score: number;
  /** Further rows that were run for it, as many as explaining it takes. */
  evaluations: number;
}

interface Explain {
  method: "OCCLUSION" | "SHAP";
  samples?: number;
}

env.logLevel = "error";
const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
const folderOf = (model: string) => path.join(modelsDir, model, "1");
const digits = await InferenceSession.create(path.join(folderOf("digits"), "model.onnx"), options);
const mail = await InferenceSession.create(path.join(folderOf("mail"), "model.onnx"), options);
const manifest: { preprocessing: VocabularyRecipe } = JSON.parse(
  readFileSync(path.join(folderOf("mail"), "manifest.json"), "utf8"),
);
const tokenizer = new VocabularyTokenizer(manifest.preprocessing);

async function classifyDigits(inputs: Input[], explain: Explain | undefined): Promise<Output[]> {
  const pixels = new Float32Array(inputs.length * 784);
  let at = 0;
  for (const { tensor } of inputs) {
    for (const byte of Buffer.from(tensor.data, "base64")) pixels[at++] = byte / 255;
  }
  const answer = await digits.run({ pixels: new Tensor("float32", pixels, [inputs.length, 784]) });
  const evaluations: number[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const digit = pixels.subarray(i * 784, (i + 1) * 784);
    const rows = explain === undefined ? 0 : occlusionRowsOf(digit);
    evaluations.push(rows);
    if (rows > 0) await digits.run({ pixels: new Tensor("float32", repeated(digit, rows), [rows, 784]) });
  }
  const scores = floatsOf(answer["probabilities"]);
  return inputs.map((_, row) => {
    const best = bestIn(scores, row * 10, 10);
    return { label: String(best - row * 10), score: scores[best] ?? 0, evaluations: evaluations[row] ?? 0 };
  });
}

/** One for each patch of four by four pixels that is not all black, and one for the black picture. */
function occlusionRowsOf(digit: Float32Array): number {
  const patches = new Set<number>();
  for (let i = 0; i < 784; i++) if (digit[i] !== 0) patches.add(Math.floor(i / 112) * 7 + Math.floor((i % 28) / 4));
  return patches.size + 1;
}

async function classifyMail({ text }: Input, explain: Explain | undefined): Promise<Output> {
  const { ids } = tokenizer.encode(text);
  const [ham = 0, spam = 0] = floatsOf((await runMail(ids, 1))["logits"]);
  const evaluations = explain?.samples === undefined ? 0 : explain.samples + 1;
  for (let done = 0; done < evaluations; done += mailBatch) await runMail(ids, Math.min(mailBatch, evaluations - done));
  return { label: spam > ham ? "spam" : "ham", score: 1 / (1 + Math.exp(-Math.abs(spam - ham))), evaluations };
}

/** As many as the version takes at once. */
const mailBatch = 32;

function runMail(ids: BigInt64Array, rows: number) {
  const all = new BigInt64Array(ids.length * rows);
  for (let row = 0; row < rows; row++) all.set(ids, row * ids.length);
  return mail.run({
    token_ids: new Tensor("int64", all, [rows, ids.length]),
    lengths: new Tensor("int64", new BigInt64Array(rows).fill(BigInt(ids.length)), [rows]),
  });
}

function repeated(row: Float32Array, times: number): Float32Array {
  const rows = new Float32Array(row.length * times);
  for (let i = 0; i < times; i++) rows.set(row, i * row.length);
  return rows;
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error("the graph did not answer with floats");
}

function bestIn(scores: Float32Array, from: number, count: number): number {
  let best = from;
  for (let i = from + 1; i < from + count; i++) if ((scores[i] ?? 0) > (scores[best] ?? 0)) best = i;
  return best;
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", async () => {
    const { model, inputs, explain } = JSON.parse(Buffer.concat(pieces).toString()).variables.input;
    const outputs =
      model === "mail"
        ? await Promise.all(inputs.map((input: Input) => classifyMail(input, explain)))
        : await classifyDigits(inputs, explain);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ data: { infer: { outputs } } }));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`serving on port ${(server.address() as AddressInfo).port}\n`);
});
process.on("SIGTERM", () => process.exit(0));
