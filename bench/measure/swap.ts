import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Generator } from "../load/generator-process.ts";
import type { LoadFigures, LoadRequest } from "../load/messages.ts";
import { root } from "../paths.ts";
import type { Server } from "../servers/server-process.ts";
import type { Books } from "./rounds.ts";
import { type Row, rounded } from "./rows.ts";

export const swapName = "swap";

const model = "swapped-digits";
const moves = 20;
const clients = 64;

/**
 * Moves an alias to and fro between two versions of the digits model while callers ask for it: what fails, and what the
 * moves do to the p99 of those that wait. A loaded version is only pointed at, so there should be nothing to see.
 */
export async function swapRows(stage: {
  server: Server;
  requests: LoadRequest[];
  generator: Generator;
  books: Books;
  roundMs: number;
}): Promise<Row[]> {
  const { server, generator, books, roundMs } = stage;
  await registerTwo(server);
  const requests = stage.requests.map((request) => ({
    ...request,
    body: request.body.replace('"digits"', `"${model}"`),
  }));
  const load = async () => {
    const { host, port, path: url, credential } = server;
    const figures = await generator.run({ host, port, path: url, credential, requests, clients, durationMs: roundMs });
    books.answers += figures.answers;
    books.inputs += figures.inputs;
    return figures;
  };
  const still = await load();
  const [moving] = await Promise.all([load(), moveAlias(server, roundMs)]);
  return rowsOfSwap(still, moving);
}

function rowsOfSwap(still: LoadFigures, moving: LoadFigures): Row[] {
  const failures = still.failures + moving.failures;
  if (failures > 0) process.stderr.write(`swap: ${still.firstFailure ?? moving.firstFailure}\n`);
  return [
    {
      name: `${swapName}: failed requests, ${moves} alias moves under ${clients} clients`,
      value: failures,
      unit: "requests",
      baseline: null,
      ratio: null,
      aim: "0",
      holds: failures === 0,
    },
    {
      name: `${swapName}: p99 while the alias moves against none`,
      value: rounded(moving.p99Ms),
      unit: "ms",
      baseline: rounded(still.p99Ms),
      ratio: rounded(moving.p99Ms / still.p99Ms),
      aim: null,
      holds: null,
    },
  ];
}

async function registerTwo(server: Server): Promise<void> {
  const folder = path.join(root, "models", "digits", "1");
  const file = await readFile(path.join(folder, "model.onnx"));
  const {
    name: _name,
    version: _version,
    sha256: _sha256,
    ...manifest
  } = JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8"));
  // A description at the end of the file (field 6) makes other bytes of the same graph.
  for (const bytes of [file, Buffer.concat([file, Buffer.from([0x32, 1, 0x62])])]) {
    const digest = createHash("sha256").update(bytes).digest("hex");
    const sent = await fetch(`http://${server.host}:${server.port}/artifacts/${digest}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${server.credential}` },
      body: new Uint8Array(bytes),
    });
    if (!sent.ok) throw new Error(`the file of ${model} was not taken: ${await sent.text()}`);
    const mutation =
      "mutation($input: RegisterModelVersionInput!) { registerModelVersion(input: $input) { state stateReason } }";
    const { registerModelVersion } = await ask(server, mutation, { model, digest, manifest });
    if (registerModelVersion.state !== "READY")
      throw new Error(`a version is not ready: ${registerModelVersion.stateReason}`);
  }
}

async function moveAlias(server: Server, withinMs: number): Promise<void> {
  const mutation = "mutation($input: PointAliasInput!) { pointAlias(input: $input) { revision } }";
  for (let move = 0; move < moves; move++) {
    await new Promise((resolve) => setTimeout(resolve, withinMs / (moves + 2)));
    await ask(server, mutation, { model, alias: "stable", targets: [{ version: (move % 2) + 1, weight: 100 }] });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's own
async function ask(server: Server, query: string, input: object): Promise<any> {
  const response = await fetch(`http://${server.host}:${server.port}${server.path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.credential}` },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
  if (errors !== undefined) throw new Error(errors.map(({ message }) => message).join("; "));
  return data;
}
