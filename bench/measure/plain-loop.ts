import { readFileSync } from "node:fs";
import path from "node:path";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { VocabularyTokenizer } from "../../src/domains/inference/tokenizer.ts";
import type { VocabularyRecipe } from "../../src/domains/models/recipes.ts";
import { modelsDir } from "../paths.ts";

env.logLevel = "error";

/** The same inputs in the same batches, in one process and with nothing around them. Items a second. */
export async function plainMails(texts: readonly string[], batch: number): Promise<number> {
  const session = await open("mail");
  const manifest: { preprocessing: VocabularyRecipe } = JSON.parse(
    readFileSync(path.join(modelsDir, "mail", "1", "manifest.json"), "utf8"),
  );
  const tokenizer = new VocabularyTokenizer(manifest.preprocessing);
  return await timed(texts, batch, async (some) => {
    const rows = some.map((text) => tokenizer.encode(text).ids);
    const width = Math.max(...rows.map((row) => row.length));
    const ids = new BigInt64Array(rows.length * width);
    for (const [i, row] of rows.entries()) ids.set(row, i * width);
    await session.run({
      token_ids: new Tensor("int64", ids, [rows.length, width]),
      lengths: new Tensor(
        "int64",
        BigInt64Array.from(rows, (row) => BigInt(row.length)),
        [rows.length],
      ),
    });
  });
}

export async function plainDigits(pictures: readonly Buffer[], batch: number): Promise<number> {
  const session = await open("digits");
  return await timed(pictures, batch, async (some) => {
    const pixels = Float32Array.from(Buffer.concat([...some]), (byte) => byte / 255);
    await session.run({ pixels: new Tensor("float32", pixels, [some.length, 784]) });
  });
}

async function open(model: string): Promise<InferenceSession> {
  return await InferenceSession.create(path.join(modelsDir, model, "1", "model.onnx"), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
}

async function timed<T>(items: readonly T[], batch: number, run: (some: T[]) => Promise<void>): Promise<number> {
  await run(items.slice(0, batch));
  const startedAt = performance.now();
  for (let at = 0; at < items.length; at += batch) await run(items.slice(at, at + batch));
  return (1_000 * items.length) / (performance.now() - startedAt);
}
