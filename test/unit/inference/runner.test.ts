import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  FrameReader,
  FrameWriter,
  type Header,
  maxReplyBytes,
  maxRequestBytes,
} from "../../../src/domains/inference/frame.ts";
import { versionToLoad } from "../../../src/domains/inference/loaded-version.ts";
import { pauseBefore } from "../../../src/domains/inference/restart-pause.ts";
import { Runner, RunnerGone } from "../../../src/domains/inference/runner.ts";
import { platformGroup } from "../../../src/domains/inference/runner-group.ts";
import type { RunnerRequest } from "../../../src/domains/inference/runner-messages.ts";
import { fillWith } from "../../../src/domains/inference/tensor.ts";
import { tinyModel } from "../../support/tiny-models.ts";

const version = versionToLoad(tinyModel("lookup"), 1);
const greeting = { op: "ready", id: 0, tensors: [] };
const rows = [[BigInt64Array.of(3n)]];

function frame(header: Header & Record<string, unknown>): Uint8Array {
  const writer = new FrameWriter(maxReplyBytes);
  for (const view of writer.begin(header)) fillWith(view, 0, 0, view.length);
  return Buffer.from(writer.bytes());
}

function answerTo(request: RunnerRequest) {
  return { op: "done", id: request.id, runMs: 1, tensors: [{ dtype: "float32" as const, dims: [1] }] };
}

/** A runner whose process is this test: it says what `answer` makes of a request. */
async function runnerThat(answer: (request: RunnerRequest) => Uint8Array): Promise<Runner> {
  const folder = await mkdtemp(path.join(tmpdir(), "runner-test-"));
  const server = createServer().listen(path.join(folder, "socket"));
  await once(server, "listening");
  const pipe = connect(path.join(folder, "socket"));
  const [far]: Socket[] = await once(server, "connection");
  if (far === undefined) throw new Error("nobody called");
  onTestFinished(async () => {
    for (const closing of [far, pipe, server]) "destroy" in closing ? closing.destroy() : closing.close();
    await rm(folder, { recursive: true, force: true });
  });

  const reader = new FrameReader(maxRequestBytes);
  far.on("data", (piece) => {
    for (const { header } of reader.push(piece)) far.write(answer(JSON.parse(header)));
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const runner = new Runner(
    {
      pid: 1,
      pipe,
      ended,
      kill: () => end("it was killed"),
      fence: () => Promise.resolve([]),
      residentBytes: () => undefined,
    },
    { group: platformGroup, graceMs: 50 },
  );
  far.write(frame(greeting));
  await runner.started();
  return runner;
}

function ask(runner: Runner): Promise<unknown> {
  return runner.run(version, rows, performance.now() + 5_000).then(
    () => "answered",
    (error: unknown) => error,
  );
}

test("an answer that is the one expected is believed", async () => {
  const runner = await runnerThat((request) => frame(answerTo(request)));
  expect(await ask(runner)).toBe("answered");
  expect(await ask(runner)).toBe("answered");
  expect(runner.isIdle).toBe(true);
});

const garbage: [string, (request: RunnerRequest) => Uint8Array][] = [
  ["bytes that are no frame", () => Buffer.from("HTTP/1.1 200 OK\r\n\r\n")],
  ["a length beyond all bounds", () => Buffer.from(Uint32Array.of(2 ** 32 - 8, 8).buffer)],
  ["an answer to something else", (request) => frame({ ...answerTo(request), id: request.id + 1 })],
  ["a second greeting", () => frame(greeting)],
  ["two answers", (request) => Buffer.concat([frame(answerTo(request)), frame(answerTo(request))])],
  [
    "more numbers than it sent",
    (request) => {
      const bytes = Buffer.from(frame(answerTo(request)));
      bytes.write(bytes.toString("latin1").slice(8).replace('"dims":[1]', '"dims":[9]'), 8, "latin1");
      return bytes;
    },
  ],
  [
    "a header that is not JSON",
    (request) =>
      Buffer.from(
        Buffer.from(frame(answerTo(request)))
          .toString("latin1")
          .replace('{"op"', "{{{{{"),
        "latin1",
      ),
  ],
  ["a time below nought", (request) => frame({ ...answerTo(request), runMs: -1 })],
];

test.each(garbage)("a runner that sends %s is killed", async (_, answer) => {
  const runner = await runnerThat(answer);
  const outcome = await ask(runner);
  // The first of two answers is a good one.
  if (outcome !== "answered") expect(outcome).toMatchObject({ name: "RunnerGone", wasBegun: true });
  expect(await runner.gone).toMatch(/^it sent garbage: /);
  expect([runner.mode, runner.isIdle]).toEqual(["GONE", false]);
});

test("of what was asked of a runner that ended, only the first may be its cause", async () => {
  const runner = await runnerThat(() => new Uint8Array());
  const asked = [ask(runner), ask(runner)];
  runner.kill("the test says so");
  const causes = (await Promise.all(asked)).map((error) => error instanceof RunnerGone && error.wasBegun);
  expect(causes).toEqual([true, false]);
  expect(await ask(runner)).toMatchObject({ name: "RunnerGone", wasBegun: false });
});

test("the pause before a restart grows with the number of recent ends, to ten seconds", () => {
  expect([1, 2, 3, 4, 8, 9, 50].map(pauseBefore)).toEqual([0, 100, 200, 400, 6_400, 10_000, 10_000]);
});
