import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readEnvironment } from "../../src/platform/config.ts";
import type { Closer } from "../closers.ts";
import { modelsDir } from "../paths.ts";
import { type Server, startProcess } from "./server-process.ts";

const run = promisify(execFile);
// ONNX Runtime would write a device id to the home directory of whoever runs the benchmark.
const environment = () => ({ ...readEnvironment(), ORT_DISABLE_TELEMETRY: "1" });
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Node's http server with an ONNX session in the process, and nothing else. */
export async function startBare(closers: Closer[]): Promise<Server> {
  const { said, pid } = await startProcess(
    {
      program: process.execPath,
      args: [here("./bare.ts")],
      environment: environment(),
      readyWhen: /serving on port (\d+)\n/,
      readyWithinMs: 60_000,
    },
    closers,
  );
  return { name: "bare", host: "127.0.0.1", port: Number(said[1]), path: "/", credential: undefined, pids: [pid] };
}

/** FastAPI likewise, with the Python of BENCH_PYTHON or else python3. Without its packages: undefined. */
export async function startFastapi(closers: Closer[]): Promise<{ server: Server; versions: string } | undefined> {
  const program = readEnvironment()["BENCH_PYTHON"] || "python3";
  try {
    await run(program, ["-c", "import fastapi, uvicorn, onnxruntime, numpy"]);
  } catch {
    return undefined;
  }
  const { said, pid } = await startProcess(
    {
      program,
      args: [here("./fastapi_server.py"), path.join(modelsDir, "digits", "1", "model.onnx")],
      environment: environment(),
      readyWhen: /serving on port (\d+); (.*)\.\n/,
      readyWithinMs: 60_000,
    },
    closers,
  );
  const server: Server = {
    name: "fastapi",
    host: "127.0.0.1",
    port: Number(said[1]),
    path: "/graphql",
    credential: undefined,
    pids: [pid],
  };
  return { server, versions: said[2] ?? "" };
}
