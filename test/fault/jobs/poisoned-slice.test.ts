import { expect, test } from "vitest";
import { Abandonment } from "../../../src/core/abandonment.ts";
import type { RunRequest, RunResult } from "../../../src/domains/inference/engine.ts";
import type { Claim, Outcomes } from "../../../src/domains/jobs/claim.ts";
import { itemStates } from "../../../src/domains/jobs/slice.ts";
import { SliceRunner } from "../../../src/domains/jobs/slice-runner.ts";
import type { Model, ModelVersion } from "../../../src/domains/models/model.ts";
import { type EngineHouse, engineHouse } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { tinyModel } from "../../support/tiny-models.ts";

const { id, manifest } = tinyModel("lookup");
const version: ModelVersion = {
  id,
  manifest,
  modelId: id,
  ownerTenantId: undefined,
  version: 1,
  digest: manifest.sha256,
  task: manifest.task,
  state: "READY",
  stateReason: undefined,
  registeredAt: new Date(),
  retiredAt: undefined,
};
const model: Model = {
  id,
  name: id,
  description: manifest.description,
  task: manifest.task,
  createdAt: version.registeredAt,
  ownerTenantId: undefined,
  isOfferedToAll: true,
  offeredTo: new Set(),
  versions: [version],
  aliases: [],
};
const poison = 7n;

async function untilUp(house: EngineHouse): Promise<void> {
  const isUp = () => house.engine.state().runners.some(({ isSpare, mode }) => !isSpare && mode === "READY");
  await eventually(isUp, { withinMs: 20_000, what: "a runner is up" });
}

/** Whatever process works on the poison is killed in the middle of it. */
async function runPoisoned(house: EngineHouse, request: RunRequest): Promise<RunResult> {
  if (!request.rows.some(([value]) => value?.[0] === poison)) return await house.engine.run(request);
  await untilUp(house);
  const { runnerPid } = house;
  await house.holdRunner();
  const answer = house.engine.run(request);
  answer.catch(() => undefined);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the poison is on its way" });
  process.kill(runnerPid, "SIGKILL");
  return await answer;
}

function claimOf(values: readonly bigint[]): Claim {
  return {
    tenantId: "ten_a",
    jobId: "job_a",
    slice: 0,
    epoch: 1,
    failedClaims: 0,
    firstItem: 0,
    records: values.map((value, index) => ({ line: index + 1, input: { tensor: [Number(value)] } })),
    states: new Uint8Array(values.length),
    results: undefined,
    modelVersionId: id,
    topK: 1,
    explanation: undefined,
    round: 1,
    isProbe: false,
  };
}

test("an item that ends the process of whoever runs it fails alone; those beside it are answered, and the version stays in service", async () => {
  const house = await engineHouse([tinyModel("lookup")], { spares: 1 });
  const runner = new SliceRunner({
    catalogue: { versionById: () => ({ model, version }) },
    engine: { run: (request) => runPoisoned(house, request) },
    runTimeoutMs: 20_000,
  });
  const values = [1n, 2n, 3n, poison, 4n, 5n, 6n, 8n];
  const claim = claimOf(values);
  const outcomes: Outcomes = new Map();
  // While no runner is up, what has come to something is written, and the others come again.
  for (let claims = 0; outcomes.size < values.length; claims++) {
    expect(claims).toBeLessThan(2);
    await untilUp(house);
    const states = Uint8Array.from(values, (_, place) => itemStates[outcomes.get(place)?.kind ?? "WAITING"]);
    for (const [place, outcome] of await runner.run({ ...claim, states }, new Abandonment()))
      outcomes.set(place, outcome);
  }
  const kinds = values.map((_, place) => outcomes.get(place)?.kind);
  expect(kinds).toEqual(values.map((value) => (value === poison ? "FAILED" : "SUCCEEDED")));
  expect(outcomes.get(3)).toMatchObject({ code: "MODEL_FAILED", attempts: 1 });
  expect(house.eventsOf("VERSION_STRUCK")).toHaveLength(2);
  expect(house.eventsOf("VERSION_QUARANTINED")).toEqual([]);
});
