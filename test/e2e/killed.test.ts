import { afterEach, describe, expect, test } from "vitest";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { greySquare, signInAt, usedInputs } from "../support/people.ts";
import {
  demoIn,
  descendantsOf,
  embeddedUrl,
  newDataDir,
  postmasterIn,
  processesNaming,
  stillRunning,
} from "../support/terminal.ts";

afterEach(() => GatewayProcess.killAll());

async function gatewayWithUsage(dataDir: string): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
  const key = new GraphqlClient(gateway.url, (await demoIn(dataDir)).apiKey);
  expect((await key.infer({ model: "digits", inputs: [greySquare, greySquare] })).errors).toEqual([]);
  return gateway;
}

/** Starts it anew: everything is there, it works, and it stops in order with all that it took over. */
async function recovers(dataDir: string): Promise<void> {
  const again = await GatewayProcess.start({ DATA_DIR: dataDir });
  const demo = await demoIn(dataDir);
  const key = new GraphqlClient(again.url, demo.apiKey);
  expect(await usedInputs(key)).toBe(2);
  expect((await key.infer({ model: "digits", inputs: [greySquare] })).errors).toEqual([]);
  expect(await usedInputs((await signInAt(again.url, demo.owner)).client)).toBe(3);
  expect(await again.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
}

describe("after kill -9", () => {
  test("of the gateway its runners go with it, and the next start takes the Postgres over", async () => {
    const dataDir = await newDataDir();
    const gateway = await gatewayWithUsage(dataDir);
    const runners = (await descendantsOf(gateway.pid)).filter(({ command }) => command.includes("runner-main"));
    expect(runners).toHaveLength(2);
    await gateway.kill();
    await eventually(async () => (await stillRunning(runners.map(({ pid }) => pid))).length === 0, {
      withinMs: 10_000,
      what: "the end of the runners",
    });
    expect(await stillRunning([await postmasterIn(dataDir)])).toHaveLength(1);
    await recovers(dataDir);
  });

  test("of the gateway, its runners and Postgres at once, the next start recovers by itself", async () => {
    const dataDir = await newDataDir();
    const gateway = await gatewayWithUsage(dataDir);
    const everything = await descendantsOf(gateway.pid);
    expect(everything.map(({ pid }) => pid)).toContain(await postmasterIn(dataDir));
    for (const { pid } of everything) process.kill(pid, "SIGKILL");
    await gateway.kill();
    await recovers(dataDir);
  });

  test("in the middle of the first start, the next one ends what was begun and knows every password", async () => {
    const dataDir = await newDataDir();
    const starting = GatewayProcess.start({ DATA_DIR: dataDir }).catch((error: unknown) => error);
    await eventually(() => someoneWasMade(dataDir), { withinMs: 90_000, what: "the first user" });
    GatewayProcess.killAll();
    expect(await starting).toBeInstanceOf(Error);
    await expect(demoIn(dataDir)).rejects.toThrow("ENOENT");

    const gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
    const demo = await demoIn(dataDir);
    expect(gateway.output).toContain(demo.owner.password);
    expect(await usedInputs((await signInAt(gateway.url, demo.owner)).client)).toBe(0);
    expect(await usedInputs(new GraphqlClient(gateway.url, demo.apiKey))).toBe(0);
    await signInAt(gateway.url, demo.operator);
  });
});

/** Whether the seeding has begun: the operator is its first step, and takes a moment to be followed by the next. */
async function someoneWasMade(dataDir: string): Promise<boolean> {
  try {
    return await withStartConnection(await embeddedUrl(dataDir), async (connection) => {
      const { rowCount } = await connection.query("select from users");
      return rowCount !== 0;
    });
  } catch {
    return false;
  }
}
