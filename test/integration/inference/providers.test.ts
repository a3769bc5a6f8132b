import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { LoadableVersion } from "../../../src/domains/inference/engine.ts";
import { type EngineHouse, engineHouse } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { bundledModel, samplesOf, tinyModel } from "../../support/tiny-models.ts";

type Mood = "HEALTHY" | "MISSING" | "CREATE_THROWS" | "CREATE_ENDS" | "WRONG" | "OUT_OF_MEMORY" | "RUN_THROWS";

/** An engine whose runners have a CUDA that does as it is told. */
async function houseWithCuda(mood: Mood): Promise<{ house: EngineHouse; cudaIs: (mood: Mood) => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), "scripted-runner-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const script = path.join(folder, "mood");
  const cudaIs = (next: Mood) => writeFile(script, next);
  await cudaIs(mood);
  const file = path.join(import.meta.dirname, "../../support/scripted-runner.ts");
  const house = await engineHouse([], { provider: "PREFER_CUDA", runnerProgram: { file, args: [script] } });
  return { house, cudaIs };
}

const failures: [Mood, string][] = [
  ["MISSING", "libonnxruntime_providers_cuda.so"],
  ["CREATE_THROWS", "no CUDA-capable device"],
  ["CREATE_ENDS", "it exited with 7"],
  ["WRONG", 'output "probabilities" is 0.5 at place 0'],
  ["OUT_OF_MEMORY", "out of memory"],
];

test.each(failures)("where CUDA is %s a version runs on the processor and says why", async (mood, reason) => {
  const { house } = await houseWithCuda(mood);
  const digits = await bundledModel("digits");
  const report = await house.engine.load(digits);
  expect(report.provider).toBe("CPU");
  expect(report.providerReason).toContain(reason);
  expect(house.eventsOf("PROVIDER_FELL_BACK")).toHaveLength(1);
  expect((await house.run("digits", samplesOf(digits))).timing.provider).toBe("CPU");
  // The process in which CUDA was tried is gone.
  expect(house.engine.state().runners.map(({ provider }) => provider)).toEqual(["CPU"]);
});

test.each(failures)(
  "where CUDA is %s a version that requires it is refused, and the others go on",
  async (mood, reason) => {
    const { house } = await houseWithCuda(mood);
    await house.engine.load({ ...tinyModel("lookup"), providerPreference: "CPU_ONLY" });
    const digits: LoadableVersion = { ...(await bundledModel("digits")), providerPreference: "REQUIRE_CUDA" };
    const error = await refusalOf(house.engine.load(digits));
    expect(error.code).toBe("MODEL_REJECTED");
    expect(error.message).toContain(reason);
    expect((await refusalOf(house.run("digits", samplesOf(digits)))).code).toBe("MODEL_NOT_READY");
    expect((await house.run("lookup", [[BigInt64Array.of(3n)]])).timing.provider).toBe("CPU");
  },
);

test("where CUDA is well a version runs on it, and one that asks for the processor does not", async () => {
  const { house } = await houseWithCuda("HEALTHY");
  const digits = await bundledModel("digits");
  expect(await house.engine.load(digits)).toMatchObject({ provider: "CUDA", providerReason: undefined });
  await house.engine.load({ ...tinyModel("lookup"), providerPreference: "CPU_ONLY" });
  const { outputs, timing } = await house.run("digits", samplesOf(digits));
  expect([outputs.length, timing.provider]).toEqual([10, "CUDA"]);
  expect((await house.run("lookup", [[BigInt64Array.of(3n)]])).timing.provider).toBe("CPU");
  expect(house.eventsOf("PROVIDER_FELL_BACK")).toEqual([]);
});

test("CUDA that fails under a batch costs its runner and no answer; it is tried again later, and trusted when it is well", async () => {
  const { house, cudaIs } = await houseWithCuda("HEALTHY");
  const digits = await bundledModel("digits");
  await house.engine.load(digits);
  await house.run("digits", samplesOf(digits));
  const onCuda = house.engine.state().runners.find(({ provider }) => provider === "CUDA");

  await cudaIs("RUN_THROWS");
  const { outputs, timing } = await house.run("digits", samplesOf(digits));
  expect([outputs.length, timing.provider]).toEqual([10, "CPU"]);
  expect(house.eventsOf("PROVIDER_FELL_BACK").map(({ reason }) => reason)).toEqual([
    "CUDA failure 700: an illegal memory access was encountered",
  ]);
  await eventually(() => house.eventsOf("RUNNER_ENDED").some(({ pid }) => pid === onCuda?.pid), {
    withinMs: 5_000,
    what: "the runner on CUDA ended",
  });
  // Nobody's fault but CUDA's.
  expect(house.eventsOf("VERSION_STRUCK")).toEqual([]);

  await cudaIs("HEALTHY");
  const now = performance.now.bind(performance);
  const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 31_000);
  onTestFinished(() => later.mockRestore());
  expect((await house.run("digits", samplesOf(digits), { withinMs: 20_000 })).timing.provider).toBe("CPU");
  await eventually(() => house.eventsOf("PROVIDER_RECOVERED").length === 1, {
    withinMs: 10_000,
    what: "CUDA was tried again",
  });
  expect((await house.run("digits", samplesOf(digits))).timing.provider).toBe("CUDA");
});

test("a version that requires CUDA is refused while CUDA fails, and not run elsewhere", async () => {
  const { house, cudaIs } = await houseWithCuda("HEALTHY");
  const digits: LoadableVersion = { ...(await bundledModel("digits")), providerPreference: "REQUIRE_CUDA" };
  await house.engine.load(digits);
  await cudaIs("RUN_THROWS");
  const error = await refusalOf(house.run("digits", samplesOf(digits), { withinMs: 1_000 }));
  expect(error.code).toBe("MODEL_FAILED");
  const next = await refusalOf(house.run("digits", samplesOf(digits)));
  expect([next.code, next.message]).toEqual([
    "MODEL_NOT_READY",
    "The version requires CUDA, which fails at the moment. Ask again later.",
  ]);
});
