import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { greySquare } from "../support/people.ts";
import { demoIn, embeddedUrl, newDataDir, processesNaming, tollgate } from "../support/terminal.ts";

let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  dataDir = await newDataDir();
  gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
  const key = new GraphqlClient(gateway.url, (await demoIn(dataDir)).apiKey);
  expect((await key.infer({ model: "digits", inputs: [greySquare, greySquare] })).errors).toEqual([]);
});

afterAll(() => GatewayProcess.killAll());

const command = async (...words: string[]) => await tollgate(words, { environment: { DATA_DIR: dataDir } });
const thisMonth = new Date().toISOString().slice(0, 7);
const agreeing =
  /^ok {7}ten_\S+ {2}"[^"]+" {2}\S+\.\.\S+ {2}1 events 0\.0002 {2}rollups 0\.0002 {2}lines 0\.0002 {2}USD {2}draft\nAll books agree: 1 tenants\.\n$/;

describe("billing reconcile", () => {
  test("proves the books of a month beside a running gateway", async () => {
    const { code, stdout, stderr } = await command("billing", "reconcile", "--period", thisMonth);
    expect(stdout).toMatch(agreeing);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("and where the gateway is stopped, and leaves no Postgres behind", async () => {
    expect(await gateway.stop()).toBe(0);
    const { code, stdout } = await command("billing", "reconcile", "--period", thisMonth);
    expect(stdout).toMatch(agreeing);
    expect(code).toBe(0);
    expect(await processesNaming(dataDir)).toEqual([]);
    gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
  });

  test("names the number that somebody touched, and exits with 1", async () => {
    await withStartConnection(await embeddedUrl(dataDir), (connection) =>
      connection.query("update usage_hourly set amount_micros = amount_micros + 7"),
    );
    const { code, stdout } = await command("billing", "reconcile", "--period", thisMonth);
    expect(stdout).toMatch(/^DIFFERS {2}ten_/);
    expect(stdout).toMatch(/^ {4}plv_\S+ inputs {2}amount: events 200, rollup 207$/m);
    expect(code).toBe(1);
  });

  test.each([
    ["without a period"],
    ["of no month", "--period", "2026-13"],
    ["with a word too many", "--month", "2026-10"],
  ])("%s says how it is used", async (_name, ...words) => {
    const { code, stderr } = await command("billing", "reconcile", ...words);
    expect(stderr).toMatch(/^Use it as: npm run billing:/);
    expect(code).toBe(1);
  });
});

test("billing issue issues what is due: nothing, in the month of the first start", async () => {
  expect(await command("billing", "issue")).toEqual({
    code: 0,
    stdout: "0 invoices issued, 0 periods closed with nothing to bill, 0 tenants failed.\n",
    stderr: "",
  });
});
