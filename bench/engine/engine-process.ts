// Measures the engine alone, beside ONNX Runtime called in this very process; so it is not the process of the benchmark.
// Arguments: full or quick, then the names of what is to be measured. Says each row as a line of JSON.
import type { Row } from "../measure/rows.ts";
import { measureBatching } from "./batching.ts";
import { measureLoads, measureTakeover } from "./endurance.ts";
import { measureNeighbour } from "./neighbour.ts";
import { measureOverload } from "./overload.ts";
import { type EnginePace, fullPace, quickPace } from "./stage.ts";

const measurements: Record<string, (pace: EnginePace) => Promise<Row[]>> = {
  "batching: digits": (pace) => measureBatching("digits", pace),
  "batching: mail": (pace) => measureBatching("mail", pace),
  "noisy neighbour": measureNeighbour,
  overload: measureOverload,
  takeover: measureTakeover,
  "memory of a runner after loads": measureLoads,
};

const [, , speed, ...names] = process.argv;
for (const name of names) {
  const rows = (await measurements[name]?.(speed === "quick" ? quickPace : fullPace)) ?? [];
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}
