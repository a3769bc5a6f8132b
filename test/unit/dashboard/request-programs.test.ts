import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { programsFor } from "../../../dashboard/src/pages/playground/request-programs.ts";

const run = promisify(execFile);
const answer = { data: { infer: { outputs: [{ label: "7" }] } } };
/** What came in, as it came. */
const bodies: { query: string; variables: unknown }[] = [];
const keys: (string | undefined)[] = [];

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    keys.push(request.headers.authorization);
    bodies.push(JSON.parse(Buffer.concat(pieces).toString()));
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
});
let url: string;
let folder: string;
const picture = Buffer.from("not really a picture");

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  folder = await mkdtemp(path.join(tmpdir(), "programs-"));
  await writeFile(path.join(folder, "picture.png"), picture);
});

afterAll(() => server.close());

const asked: [string, Parameters<typeof programsFor>[1]["task"], Parameters<typeof programsFor>[0]][] = [
  [
    "a text with quotes, backslashes and other scripts",
    "TEXT_CLASSIFICATION",
    { model: "mail", topK: 5, inputs: [{ text: `it's "so" \\n 50 % $HOME \`ls\` Grüße 😀\nend` }] },
  ],
  [
    "a picture and its explanation",
    "IMAGE_CLASSIFICATION",
    { model: "digits", inputs: [{ image: picture.toString("base64") }], explain: { method: "SHAP" } },
  ],
  ["numbers", "TENSOR", { model: "times", alias: null, inputs: [{ tensor: [[1.5, -2]] }] }],
];

const runners = {
  curl: (code: string) => ["bash", ["-c", code]] as const,
  TypeScript: (code: string) => [process.execPath, ["--input-type=module-typescript", "-e", code]] as const,
  Python: (code: string) => ["python3", ["-c", code]] as const,
};

test.each(asked)("each program asks for %s as it was asked here", async (_name, task, input) => {
  const programs = programsFor(input, { task, url });
  const [graphql, ...rest] = programs;
  const [operation = "", variables = ""] = graphql?.code.split("\n\n# variables\n") ?? [];
  expect(parse(operation).definitions).toHaveLength(1);
  expect(JSON.parse(variables)).toEqual({ input });
  for (const { language, code } of rest) {
    if (language === "GraphQL") continue;
    const [command, args] = runners[language](code);
    const env = { PATH: "/usr/bin:/bin", TOLLGATE_KEY: "tg_secret" };
    await run(command, [...args], { cwd: folder, env });
    expect(keys.at(-1), language).toBe("Bearer tg_secret");
    const got = bodies.at(-1);
    expect(got?.variables, language).toEqual({ input });
    expect(got?.query.replaceAll(/\s+/g, " "), language).toBe(operation.replaceAll(/\s+/g, " "));
  }
  expect(bodies).not.toHaveLength(0);
});
