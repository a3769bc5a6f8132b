// A runner whose CUDA does what a file says: argument 1 names the file. It runs models on the processor for it, so that
// a provider that this machine does not have can be missing, broken, wrong, full, or well.
import { readFileSync, writeSync } from "node:fs";
import { loadOnnxSession } from "../../src/domains/inference/onnx-session.ts";
import type { RunnerSession, SessionRequest } from "../../src/domains/inference/provider-loader.ts";
import { serveRunner } from "../../src/domains/inference/runner-loop.ts";
import type { Tensor, TensorData } from "../../src/domains/inference/tensor.ts";

const [, , script = ""] = process.argv;

await serveRunner(async (request) => {
  const mood = moodNow();
  if (mood === "GARBAGE") return talkingGarbage();
  return request.provider === "CPU" ? await loadOnnxSession(request) : await loadOnCuda(request, mood);
});

function moodNow(): string {
  return readFileSync(script, "utf8").trim();
}

async function loadOnCuda(request: SessionRequest, mood: string): Promise<RunnerSession> {
  if (mood === "MISSING") throw new Error("Failed to load libonnxruntime_providers_cuda.so: cannot open shared object");
  if (mood === "CREATE_THROWS") throw new Error("CUDA failure 100: no CUDA-capable device is detected");
  if (mood === "CREATE_ENDS") process.exit(7);
  const session = await loadOnnxSession({ ...request, provider: "CPU" });
  return { run: (tensors) => runOnCuda(session, tensors), release: () => session.release() };
}

async function runOnCuda(session: RunnerSession, tensors: readonly Tensor[]): Promise<Tensor[]> {
  const mood = moodNow();
  if (mood === "OUT_OF_MEMORY") throw new Error("CUDA failure 2: out of memory");
  if (mood === "RUN_THROWS") throw new Error("CUDA failure 700: an illegal memory access was encountered");
  const answers = await session.run(tensors);
  return mood === "WRONG" ? answers.map((tensor) => ({ ...tensor, data: allHalves(tensor.data) })) : answers;
}

function allHalves(data: TensorData): TensorData {
  return data instanceof Float32Array ? data.fill(0.5) : data;
}

function talkingGarbage(): RunnerSession {
  return {
    run: () => {
      writeSync(3, "HTTP/1.1 200 OK\r\n\r\n");
      return new Promise(() => setInterval(() => undefined, 1_000));
    },
    release: () => Promise.resolve(),
  };
}
