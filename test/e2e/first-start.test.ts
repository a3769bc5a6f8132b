import { stat } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { signInAt, usedInputs } from "../support/people.ts";
import { type Demo, demoIn, newDataDir, paste } from "../support/terminal.ts";

let dataDir: string;
let first: GatewayProcess;
let demo: Demo;

beforeAll(async () => {
  dataDir = await newDataDir();
  const startedAt = performance.now();
  first = await GatewayProcess.start({ DATA_DIR: dataDir });
  report("first start", startedAt);
  demo = await demoIn(dataDir);
});

afterAll(() => GatewayProcess.killAll());

function report(what: string, since: number): void {
  process.stdout.write(`${what}: ready after ${Math.round(performance.now() - since)} ms\n`);
}

/** The first request as the welcome prints it: from the line with curl to the one that closes its body. */
function printedCurl(output: string): string {
  const text = /^curl [\s\S]*?\}\}'$/m.exec(output)?.[0];
  if (text === undefined) throw new Error(`No request was printed: ${output}`);
  return text;
}

describe("the first start on an empty DATA_DIR", () => {
  test("prints where it is, a request that works when pasted, and who can sign in", async () => {
    expect(first.output).toContain(`Tollgate is ready at ${first.url}/graphql`);
    for (const person of [demo.owner, demo.operator]) {
      expect(first.output).toContain(person.email);
      expect(first.output).toContain(person.password);
    }
    expect(first.output).toContain(path.join(dataDir, "demo.json"));
    const answer = await paste(printedCurl(first.output));
    expect(JSON.parse(answer.stdout)).toEqual({
      data: { infer: { outputs: [{ label: "7", score: expect.any(Number) }] } },
    });
  });

  test("leaves the credentials in a demo.json that nobody else can read", async () => {
    expect(demo).toEqual({
      url: first.url,
      operator: { email: expect.stringContaining("@"), password: expect.any(String) },
      owner: { email: expect.stringContaining("@"), password: expect.any(String) },
      apiKey: expect.stringMatching(/^tg_live_/),
    });
    expect((await stat(path.join(dataDir, "demo.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(dataDir, "signing-keys"))).mode & 0o777).toBe(0o700);
  });

  test("has made an owner who sees the usage of that one request, and an operator who sees the tenants", async () => {
    expect(await usedInputs((await signInAt(first.url, demo.owner)).client)).toBe(1);
    const { client: operator } = await signInAt(first.url, demo.operator);
    expect((await operator.ask("{ tenants { nodes { name } } }")).data.tenants.nodes).toEqual([{ name: "Demo" }]);
    expect((await operator.refusal("{ limits { used } }")).extensions.code).toBe("FORBIDDEN");
  });

  test("says nothing else: no event of the log, no warning of Node, no stack", () => {
    expect(first.output).not.toMatch(/^\{|Warning|^ +at /m);
  });
});

describe("the second start on the same DATA_DIR", () => {
  test("is ready soon, with the same credentials and usage, and demo.json names where it is now", async () => {
    expect(await first.stop()).toBe(0);
    const startedAt = performance.now();
    let second: GatewayProcess | undefined;
    const starting = GatewayProcess.start({ DATA_DIR: dataDir }).then((gateway) => {
      second = gateway;
      report("second start", startedAt);
    });
    const { url, output } = await eventually(() => second, { withinMs: 20_000, what: "the second start" });
    await starting;

    expect(await demoIn(dataDir)).toEqual({ ...demo, url });
    expect((await stat(path.join(dataDir, "demo.json"))).mode & 0o777).toBe(0o600);
    expect(await usedInputs((await signInAt(url, demo.owner)).client)).toBe(1);
    expect(await usedInputs(new GraphqlClient(url, demo.apiKey))).toBe(1);
    await signInAt(url, demo.operator);
    const answer = await paste(printedCurl(output));
    expect(JSON.parse(answer.stdout).data.infer.outputs[0].label).toBe("7");
  });
});
