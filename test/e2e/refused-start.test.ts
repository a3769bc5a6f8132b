import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Ended, newDataDir, processesNaming, tollgate } from "../support/terminal.ts";

let database: TestDatabase;
const server = createServer();
let takenPort = "";

beforeAll(async () => {
  database = await createTestDatabase();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  takenPort = typeof address === "object" ? String(address?.port) : "";
});

afterAll(async () => {
  server.close();
  await database.drop();
});

const start = async (environment: Record<string, string>) =>
  await tollgate(["start"], { environment: { DATA_DIR: await newDataDir(), ...environment } });

function changed(url: string, change: (parts: URL) => void): string {
  const parts = new URL(url);
  change(parts);
  return parts.href;
}

/** One sentence on stderr, and nothing else anywhere. */
function expectOneSentence({ code, stdout, stderr }: Ended, says: RegExp): void {
  expect(stderr).toMatch(says);
  expect(stderr.trimEnd().split("\n"), stderr).toHaveLength(1);
  expect(stderr).not.toMatch(/^ +at |Error:/m);
  expect(stdout).toBe("");
  expect(code).toBe(1);
}

describe("a start that cannot be is refused in one sentence with exit code 1:", () => {
  test("a port in use, and the embedded Postgres is stopped again", async () => {
    const dataDir = await newDataDir();
    const ended = await start({ PORT: takenPort, DATA_DIR: dataDir });
    expectOneSentence(ended, new RegExp(`Port ${takenPort} on 127\\.0\\.0\\.1 is in use\\..*PORT=`));
    expect(await processesNaming(dataDir)).toEqual([]);
  });

  const password = "hush-hush-hush";
  const databases: [string, () => string, RegExp][] = [
    [
      "nothing listens at DATABASE_URL",
      () => `postgresql://me:${password}@127.0.0.1:1/tollgate`,
      /Nothing listens at 127\.0\.0\.1:1, .*database "tollgate" is: start Postgres or correct the URL/,
    ],
    [
      "a host that nobody knows",
      () => `postgresql://me:${password}@no-such-host.invalid/tollgate`,
      /The host of database "tollgate" at no-such-host\.invalid:5432 is not known/,
    ],
    [
      "a wrong password in DATABASE_URL",
      () => changed(database.url, (parts) => Object.assign(parts, { password })),
      /refused user "tollgate_owner" .*correct user and password in DATABASE_URL/,
    ],
    [
      "a database that is not there",
      () => changed(database.url, (parts) => Object.assign(parts, { pathname: "/nowhere" })),
      /There is no database "nowhere" at .*create it or correct DATABASE_URL/,
    ],
    ["a DATABASE_URL that is none", () => `postgresql://me:${password}@:notaport:/x`, /DATABASE_URL/],
  ];
  test.each(databases)("%s", async (_name, url, says) => {
    const ended = await start({ DATABASE_URL: url() });
    expectOneSentence(ended, says);
    expect(ended.stderr).not.toContain(password);
    expect(ended.stderr).not.toContain(new URL(database.url).password);
  });

  test("several bad variables, all at once", async () => {
    const ended = await start({ PORT: "http", RUNNERS: "0", INTROSPECTION: "maybe", METRICS_TOKEN: "hush-hush" });
    expectOneSentence(ended, /PORT must be .*; INTROSPECTION must be .*; METRICS_TOKEN must be .*; RUNNERS must be /);
    expect(ended.stderr).not.toContain("hush-hush");
  });

  test("a MODELS_DIR that is not there", async () => {
    const missing = path.join(inject("scratchDirectory"), "no such models");
    const ended = await start({ DATABASE_URL: database.url, MODELS_DIR: missing });
    expectOneSentence(ended, /no such models/);
  });

  test("a MODELS_DIR with a manifest that is none", async () => {
    const folder = path.join(await newDataDir(), "digits", "1");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "manifest.json"), "{}");
    await writeFile(path.join(folder, "model.onnx"), "");
    const ended = await start({ DATABASE_URL: database.url, MODELS_DIR: path.resolve(folder, "../..") });
    expectOneSentence(ended, /The manifest in .*digits\/1 is not right: .*sha256/);
  });

  test("a DATA_DIR that is a file", async () => {
    const file = await newDataDir();
    await writeFile(file, "");
    expectOneSentence(await start({ DATA_DIR: file }), /DATA_DIR .*cannot be used/);
  });

  test("a proxy that is no address", async () => {
    const ended = await start({ DATABASE_URL: database.url, TRUSTED_PROXIES: "10.0.0.1,the proxy" });
    expectOneSentence(ended, /TRUSTED_PROXIES/);
  });
});

describe("a command that cannot be is refused in one sentence with exit code 1:", () => {
  const commands: [string[], RegExp][] = [
    [["serve"], /no command serve\. There are: start, /],
    [["constructor"], /no command constructor\. There are: start, /],
    [["operator"], /npm run operator -- create --email/],
    [["operator", "create"], /npm run operator -- create --email/],
    [["operator", "create", "--mail", "x@y.example"], /npm run operator -- create --email/],
    [["usage"], /npm run usage:verify/],
    [["signing-keys"], /npm run signing-keys -- rotate/],
    [["signing-keys", "rotate"], /signing keys, .*cannot be read/],
  ];
  test.each(commands)("%j", async (command, says) => {
    const dataDir = await newDataDir();
    expectOneSentence(await tollgate(command, { environment: { DATA_DIR: dataDir } }), says);
    await expect(access(path.join(dataDir, "postgres")), "a Postgres was made for it").rejects.toThrow("ENOENT");
  });
});

describe("a Node that is too old", () => {
  /** As an old Node sees itself. Whatever else one lacks, the script may not use: a real one, where there is one, tells. */
  const pretending = (version: string): { nodeOptions: string[] } => ({
    nodeOptions: [
      "--import",
      `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`,
    ],
  });
  const old: [string, { nodeOptions?: string[]; node?: string }][] = [
    ...["18.20.8", "20.20.2", "22.17.1"].map((version) => [version, pretending(version)] as [string, object]),
    ...oldNodes().map((node) => [node, { node }] as [string, object]),
  ];

  test.each(old)("such as %s is told what to do, with exit code 1", async (_name, options) => {
    const ended = await tollgate(["start"], options);
    expectOneSentence(ended, /Tollgate needs Node 22\.18 or newer; .*`npm ci` brings.*install Node 24/);
  });

  test.each(["22.18.0", "24.0.0"])("is not %s", async (version) => {
    expectOneSentence(await tollgate(["serve"], pretending(version)), /no command serve/);
  });
});

/** The system's own Node, where it is too old; the one that npm brought is not. */
function oldNodes(): string[] {
  return ["/usr/bin/node", "/usr/local/bin/node"].filter((node) => {
    const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
    return /^v(1\d|20|21)\./.test(stdout ?? "");
  });
}
