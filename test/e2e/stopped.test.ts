import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/platform/config.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { greySquare } from "../support/people.ts";
import {
  demoIn,
  descendantsOf,
  isListening,
  newDataDir,
  postmasterIn,
  processesNaming,
  root,
  stillRunning,
} from "../support/terminal.ts";

afterEach(() => GatewayProcess.killAll());

describe("stops in order, exits with 0, and leaves nothing running:", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("on %s", async (signal) => {
    const dataDir = await newDataDir();
    const gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
    const key = new GraphqlClient(gateway.url, (await demoIn(dataDir)).apiKey);
    await key.infer({ model: "digits", inputs: [greySquare] });
    const children = (await descendantsOf(gateway.pid)).map(({ pid }) => pid);
    expect(children).toContain(await postmasterIn(dataDir));
    expect(children.length).toBeGreaterThan(3);

    expect(await gateway.stop(signal)).toBe(0);
    expect(await stillRunning(children)).toEqual([]);
    expect(await isListening(gateway.url)).toBe(false);
    expect(gateway.output).not.toMatch(/error|^ +at /im);
  });

  test("on Ctrl-C in a terminal, which reaches npm and the gateway alike", async () => {
    const dataDir = await newDataDir();
    const { PATH, HOME } = readEnvironment();
    const npm = spawn("npm", ["start"], {
      cwd: root,
      env: { PATH, HOME, DATA_DIR: dataDir, PORT: "0", RUNNERS: "1" },
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    let output = "";
    npm.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually(() => output.includes("Tollgate is ready"), { withinMs: 90_000, what: "npm start" });
    const children = (await descendantsOf(npm.pid ?? -1)).map(({ pid }) => pid);
    process.kill(-(npm.pid ?? 0), "SIGINT");
    await eventually(async () => (await stillRunning(children)).length === 0, {
      withinMs: 30_000,
      what: "the end of everything that npm started",
    });
    const log = await readFile(path.join(dataDir, "postgres.log"), "utf8");
    expect(log.trimEnd()).toMatch(/database system is shut down$/);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("on %s while it is still starting", async (signal) => {
    const dataDir = await newDataDir();
    const starting = GatewayProcess.start({ DATA_DIR: dataDir }).catch((error: unknown) => error);
    const [gateway] = await eventually(() => GatewayProcess.running(), { withinMs: 10_000, what: "the process" });
    if (gateway === undefined) throw new Error("There is no gateway.");
    await eventually(() => postmasterIn(dataDir).catch(() => 0), { withinMs: 90_000, what: "its Postgres" });
    const gone = once(gateway, "exit");
    gateway.kill(signal);
    expect(await gone).toEqual([0, null]);
    expect(await starting).toBeInstanceOf(Error);
    expect(await processesNaming(dataDir)).toEqual([]);
  });
});
