// The entry of a runner: the only process in which model code runs.
import { loadOnnxSession } from "./onnx-session.ts";
import { serveRunner } from "./runner-loop.ts";

await serveRunner(loadOnnxSession);
