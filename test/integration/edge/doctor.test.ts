import { expect, test } from "vitest";
import { runDoctor } from "../../../src/edge/cli/doctor.ts";
import { readConfig } from "../../../src/platform/config.ts";
import { createLogger } from "../../../src/platform/logger.ts";

async function said(environment: Record<string, string>): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const visit = { config: readConfig(environment), logger: createLogger("silent") };
  return { code: await runDoctor(visit, (line) => lines.push(line)), lines };
}

test("the doctor says what there is: Node, Postgres, CUDA, the fence, and what each bundled model runs on", async () => {
  const { code, lines } = await said({});
  expect(code).toBe(0);
  for (const what of [
    /^ok {7}Node v\d+/,
    /^ok {7}Postgres: the embedded one, postgres \(PostgreSQL\) \d+/,
    /CUDA library: .*libonnxruntime_providers_cuda.so/,
    /Fence around model code: /,
    /^ok {7}Model digits version 1: runs on \w+, batches FIXED/,
    /^ok {7}Model mail version 1: runs on \w+, batches PADDED/,
  ])
    expect(lines.filter((line) => what.test(line))).toHaveLength(1);
});

test("what is asked for and not to be had is broken, and the exit code says so", async () => {
  const { code, lines } = await said({ EXECUTION_PROVIDER: "REQUIRE_CUDA", DATABASE_URL: "postgres://db.example/t" });
  expect(code).toBe(1);
  expect(lines.find((line) => line.includes("Model digits"))).toMatch(/^BROKEN .* requires CUDA: /);
  expect(lines).toContain("ok       Postgres: your own, by DATABASE_URL (not looked at)");
});
