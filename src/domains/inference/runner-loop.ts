import { readSync, writeSync } from "node:fs";
import {
  type Frame,
  FrameWriter,
  frameLength,
  maxReplyBytes,
  maxRequestBytes,
  parseFrame,
  tensorsIn,
} from "./frame.ts";
import type { ProviderLoader, RunnerSession } from "./provider-loader.ts";
import type { RunnerReply, RunnerRequest } from "./runner-messages.ts";
import { copyInto, type Tensor } from "./tensor.ts";

const pipe = 3;
const maxReasonLength = 1000;
const sessions = new Map<number, RunnerSession>();
const writer = new FrameWriter(maxReplyBytes);
let frameBytes = new Uint8Array(64 * 1024);

/**
 * What a runner does all its life. It knows no name, no tenant and no secret: it reads a frame, does what it says, writes
 * a frame, and ends when the pipe does.
 */
export async function serveRunner(load: ProviderLoader): Promise<never> {
  send({ op: "ready", id: 0, tensors: [] }, []);
  for (;;) {
    const done = await answerNext(load);
    if (done === undefined) process.exit(0);
    // The file of a model came in a frame that nothing refers to any more. What a session takes is measured by what the
    // process holds: garbage does not count.
    if (done !== "run") globalThis.gc?.();
  }
}

/** Returns what was asked; undefined where the pipe has ended. */
async function answerNext(load: ProviderLoader): Promise<RunnerRequest["op"] | undefined> {
  const frame = readFrame();
  if (frame === undefined) return undefined;
  // The gateway is trusted here, not the other way round.
  const request: RunnerRequest = JSON.parse(frame.header);
  const startedAt = performance.now();
  try {
    const tensors = await carryOut(load, request, tensorsIn(frame, request.tensors));
    const runMs = performance.now() - startedAt;
    const shapes = tensors.map(({ dtype, dims }) => ({ dtype, dims }));
    send({ op: "done", id: request.id, runMs, tensors: shapes }, tensors);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, maxReasonLength);
    send({ op: "failed", id: request.id, reason, tensors: [] }, []);
  }
  return request.op;
}

async function carryOut(load: ProviderLoader, request: RunnerRequest, tensors: Tensor[]): Promise<Tensor[]> {
  switch (request.op) {
    case "load": {
      const model = tensors[0]?.data;
      if (!(model instanceof Uint8Array)) throw new Error("no model came with the request to load it");
      const { provider, inputs, outputs } = request;
      sessions.set(request.session, await load({ provider, model, inputs, outputs }));
      // As large as the file, and not needed any more.
      frameBytes = new Uint8Array(64 * 1024);
      return [];
    }
    case "run": {
      const session = sessions.get(request.session);
      if (session === undefined) throw new Error("the version is not loaded");
      return await session.run(tensors);
    }
    case "release": {
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return [];
    }
  }
}

// Reading and writing block: there is nothing else to do meanwhile, it saves the way through the event loop, and the
// bytes of a batch land where ONNX Runtime will read them.
function readFrame(): Frame | undefined {
  if (!readExactly(0, 8)) return undefined;
  const length = frameLength(frameBytes, maxRequestBytes);
  if (frameBytes.length < length) {
    const larger = new Uint8Array(length);
    larger.set(frameBytes.subarray(0, 8));
    frameBytes = larger;
  }
  return readExactly(8, length) ? parseFrame(frameBytes.subarray(0, length)) : undefined;
}

/** False where the pipe ends before. */
function readExactly(from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const read = readSync(pipe, frameBytes, at, to - at, null);
    if (read === 0) return false;
    at += read;
  }
  return true;
}

function send(reply: RunnerReply, tensors: Tensor[]): void {
  const views = writer.begin(reply);
  for (const [i, view] of views.entries()) {
    const tensor = tensors[i];
    if (tensor !== undefined) copyInto(view, tensor.data, 0);
  }
  const bytes = writer.bytes();
  for (let at = 0; at < bytes.length; ) at += writeSync(pipe, bytes, at);
}
