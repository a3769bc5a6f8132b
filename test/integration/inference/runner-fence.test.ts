import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect, test, vi } from "vitest";
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
    expect(read("cmdline").split("\0").slice(1, -1)).toEqual([expect.stringMatching(/runner-main\.[tj]s$/)]);
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((target) => target.startsWith("/") && !target.startsWith("/dev/null"))).toEqual([]);
  }
  expect(house.eventsOf("FENCE_INCOMPLETE")).toEqual([]);
});
