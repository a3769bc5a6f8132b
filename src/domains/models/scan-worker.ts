// The thread in which a file is scanned: a file that takes long to read holds up nobody, and can be given up.
import { parentPort, workerData } from "node:worker_threads";
import { scanOnnx } from "./onnx-scan.ts";

if (!(workerData instanceof Uint8Array)) throw new Error("no file came to be scanned");
parentPort?.postMessage(scanOnnx(workerData));
