import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { examplesDir } from "./paths.ts";

const query = "mutation($input: InferInput!) { infer(input: $input) { outputs { label score } } }";
const explainingQuery =
  "mutation($input: InferInput!) { infer(input: $input) { outputs { label score explanation { values heatMap } } } }";

/** The bodies that are sent, the same to every server. */
export interface Bodies {
  /** One digit each, as 784 grey bytes. */
  digits: string[];
  /** 8 digits each. */
  digits8: string[];
  /** 256 digits each. */
  digits256: string[];
  /** One mail each. */
  mails: string[];
  /** 8 mails each. */
  mails8: string[];
  /** One digit each, explained by occlusion. */
  explainedDigits: string[];
  /** One mail each, explained by SHAP of 256 samples; few of them, as each takes long. */
  explainedMails: string[];
}

/** Real digits and real mails, from `examples/`. */
export async function readBodies(): Promise<Bodies> {
  const digits = (await filesIn("digits", ".png")).map(digitInput);
  const files = await filesIn("mails", ".txt");
  const mails = await Promise.all(files.map(async (file) => ({ text: await readFile(file, "utf8") })));
  const tensors = await Promise.all(digits);
  const some = (inputs: unknown[], count: number, from: number) =>
    Array.from({ length: count }, (_, i) => inputs[(from + i) % inputs.length]);
  return {
    digits: tensors.map((tensor) => bodyOf("digits", [tensor])),
    digits8: tensors.map((_, from) => bodyOf("digits", some(tensors, 8, from))),
    digits256: [0, 17, 42, 77].map((from) => bodyOf("digits", some(tensors, 256, from))),
    mails: mails.map((mail) => bodyOf("mail", [mail])),
    mails8: mails.map((_, from) => bodyOf("mail", some(mails, 8, from))),
    explainedDigits: tensors.map((tensor) => bodyOf("digits", [tensor], { method: "OCCLUSION" })),
    explainedMails: mails.slice(0, 8).map((mail) => bodyOf("mail", [mail], { method: "SHAP", samples: 256 })),
  };
}

async function digitInput(file: string): Promise<object> {
  const { data, info } = await sharp(file).greyscale().raw().toBuffer({ resolveWithObject: true });
  if (data.length !== 784)
    throw new Error(`${path.basename(file)} is ${info.width} x ${info.height} pixels, not 28 x 28`);
  return { tensor: { dtype: "uint8", shape: [784], data: data.toString("base64") } };
}

function bodyOf(model: string, inputs: unknown[], explain?: object): string {
  if (explain === undefined) return JSON.stringify({ query, variables: { input: { model, inputs } } });
  return JSON.stringify({ query: explainingQuery, variables: { input: { model, inputs, explain } } });
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = (await readdir(path.join(examplesDir, folder))).filter((name) => name.endsWith(ending)).sort();
  return names.map((name) => path.join(examplesDir, folder, name));
}
