import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { versionToLoad } from "../../../src/domains/inference/loaded-version.ts";
import { Runner } from "../../../src/domains/inference/runner.ts";
import { platformGroup } from "../../../src/domains/inference/runner-group.ts";
import { spawnRunner } from "../../../src/domains/inference/runner-process.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { engineHouse } from "../../support/engine-house.ts";
import { bundledModel, samplesOf } from "../../support/tiny-models.ts";

test("a runner knows no secret, has nowhere to look or write, and a bound on its memory", async () => {
  vi.stubEnv("TOLLGATE_SECRET_OF_THE_TEST", "hunter2");
  const digits = await bundledModel("digits");
  const house = await engineHouse([digits], { spares: 1 });
  await house.run("digits", samplesOf(digits));
  vi.unstubAllEnvs();

  const { runners } = house.engine.state();
  expect(runners).toHaveLength(2);
  for (const { pid } of runners) {
    const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
    const environment = read("environ")
      .split("\0")
      .filter((entry) => entry !== "");
    const names = environment.map((entry) => entry.split("=")[0]);
    expect(names.sort()).toEqual(["HOME", "LANG", "ORT_DISABLE_TELEMETRY", "TMPDIR"]);
    expect(environment).toContain("ORT_DISABLE_TELEMETRY=1");
    // Its directory was empty and has been removed: nothing in it can be named, and nothing can be written there.
    expect(readlinkSync(`/proc/${pid}/cwd`)).toMatch(/^.*\/tollgate-runner-\w+ \(deleted\)$/);
    expect(readdirSync(`/proc/${pid}/cwd/`)).toEqual([]);
    expect(environment).toContain(`HOME=${readlinkSync(`/proc/${pid}/cwd`).replace(" (deleted)", "")}`);
    expect(read("limits")).toMatch(/Max address space +\d+ +\d+ +bytes/);
    expect(read("limits")).toMatch(/Max core file size +0 +0 +bytes/);
    expect(read("status")).toMatch(/NoNewPrivs:\s1/);
    // The gateway's command line would tell where things are.
    expect(read("cmdline").split("\0").slice(1, -1)).toEqual([
      "--expose-gc",
      "--no-concurrent-array-buffer-sweeping",
      expect.stringMatching(/runner-main\.[tj]s$/),
    ]);
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((target) => target.startsWith("/") && !target.startsWith("/dev/null"))).toEqual([]);
  }
  expect(house.eventsOf("FENCE_INCOMPLETE")).toEqual([]);
});

test("ONNX Runtime writes nothing home", async () => {
  const digits = versionToLoad(await bundledModel("digits"), 1);
  // Not fenced yet: what is written while it starts, loads and runs would be found.
  const child = await spawnRunner(createLogger("silent"), { provider: "CPU" });
  const runner = new Runner(child, { group: platformGroup, graceMs: 1_000 });
  onTestFinished(() => runner.end(1_000));
  await runner.started();
  const deadlineAt = performance.now() + 20_000;
  await runner.load(digits, await digits.readModel(), deadlineAt);
  await runner.run(digits, samplesOf(digits), deadlineAt);
  const home = readlinkSync(`/proc/${child.pid}/cwd`);
  expect(readFileSync(`/proc/${child.pid}/environ`, "utf8").split("\0")).toContain(`HOME=${home}`);
  expect(readdirSync(home, { recursive: true })).toEqual([]);
  await runner.end(5_000);
  expect(existsSync(home)).toBe(false);
});
