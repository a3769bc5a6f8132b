import { readFile } from "node:fs/promises";
import { text as textOfStream } from "node:stream/consumers";
import { z } from "zod";
import { messageOf } from "../../../core/errors.ts";
import type { Command } from "./command.ts";
import { exitCodes, usageError } from "./errors.ts";
import { tableOf } from "./terminal.ts";

const usage = "tollgate infer <model> (<text> | --text - | --image <file>) [--alias <name>] [--top-k <n>] [--json]";

const outputsSchema = z.object({
  infer: z.looseObject({
    id: z.string(),
    outputs: z.array(z.object({ scores: z.array(z.object({ label: z.string(), score: z.number() })) })),
  }),
});

export const inferCommand: Command = {
  usage,
  summary: "Asks a model, and prints the answer.",
  options: {
    text: { type: "string" },
    image: { type: "string" },
    alias: { type: "string" },
    "top-k": { type: "string" },
    json: { type: "boolean" },
  },
  run: async ({ client, positionals, values, terminal }) => {
    const [model, given] = positionals;
    if (model === undefined) throw usageError(`Use it as: ${usage}`);
    const input = {
      model,
      alias: values["alias"] ?? "stable",
      topK: Number(values["top-k"] ?? 1),
      inputs: [await inputOf({ given, text: values["text"], image: values["image"] })],
    };
    const { infer } = await client.ask(
      "mutation($input: InferInput!) { infer(input: $input) { id outputs { label score scores { label score } truncated } } }",
      { input },
      outputsSchema,
    );
    const rows = infer.outputs.flatMap(({ scores }) => scores.map(({ label, score }) => [label, score.toFixed(4)]));
    terminal.out.write(values["json"] === true ? `${JSON.stringify(infer)}\n` : `${tableOf(rows)}\n`);
    return exitCodes.OK;
  },
};

async function inputOf({ given, text, image }: { given: string | undefined; text: unknown; image: unknown }) {
  if (typeof image === "string") return { image: (await bytesOf(image)).toString("base64") };
  if (text === "-") return { text: await textOfStream(process.stdin) };
  const words = typeof text === "string" ? text : given;
  if (words !== undefined) return { text: words };
  throw usageError(`Use it as: ${usage}`);
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw usageError(`${file} cannot be read: ${messageOf(error)}.`);
  }
}
