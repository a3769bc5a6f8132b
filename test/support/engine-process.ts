// A gateway as far as runners are concerned: starts an engine, sets its runner to work that never ends, and says which
// processes it has. For tests that kill it.
import { startEngine } from "../../src/domains/inference/engine.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { tinyModel } from "./tiny-models.ts";

const engine = await startEngine({
  runners: 1,
  spares: 1,
  memoryLimitMb: 512,
  graceMs: 60_000,
  maxQueuedInputsPerTenant: 10,
  maxQueuedInputsPerVersion: 10,
  maxQueuedInputs: 10,
  maxBytesInFlight: 1024,
  maxGuestRunners: 1,
  provider: "CPU_ONLY",
  logger: createLogger("silent"),
});
await engine.load(tinyModel("loop"));
const rows = [[BigInt64Array.of(2n ** 60n)]];
engine
  .run({ versionId: "loop", tenantId: "ten_a", rows, deadlineAt: performance.now() + 60_000 })
  .catch(() => undefined);
setImmediate(() => {
  process.stdout.write(`${JSON.stringify(engine.state().runners.map(({ pid }) => pid))}\n`);
});
