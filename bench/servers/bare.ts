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

async function classifyDigits(inputs: Input[]): Promise<Output[]> {
  const pixels = new Float32Array(inputs.length * 784);
  let at = 0;
  for (const { tensor } of inputs) {
    for (const byte of Buffer.from(tensor.data, "base64")) pixels[at++] = byte / 255;
  }
  const answer = await digits.run({ pixels: new Tensor("float32", pixels, [inputs.length, 784]) });
  const scores = floatsOf(answer["probabilities"]);
  return inputs.map((_, row) => {
    const best = bestIn(scores, row * 10, 10);
    return { label: String(best - row * 10), score: scores[best] ?? 0 };
  });
}

async function classifyMail({ text }: Input): Promise<Output> {
  const { ids } = tokenizer.encode(text);
  const answer = await mail.run({
    token_ids: new Tensor("int64", ids, [1, ids.length]),
    lengths: new Tensor("int64", BigInt64Array.of(BigInt(ids.length)), [1]),
  });
  const [ham = 0, spam = 0] = floatsOf(answer["logits"]);
  const best = spam > ham ? "spam" : "ham";
  return { label: best, score: 1 / (1 + Math.exp(-Math.abs(spam - ham))) };
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
    const { model, inputs } = JSON.parse(Buffer.concat(pieces).toString()).variables.input;
    const outputs = model === "mail" ? await Promise.all(inputs.map(classifyMail)) : await classifyDigits(inputs);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ data: { infer: { outputs } } }));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`serving on port ${(server.address() as AddressInfo).port}\n`);
});
process.on("SIGTERM", () => process.exit(0));
