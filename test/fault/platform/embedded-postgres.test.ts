import { type ChildProcess, spawn } from "node:child_process";
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/platform/embedded-postgres.ts";
import { withStartConnection } from "../../../src/platform/start-connection.ts";
import { StartError } from "../../../src/platform/start-error.ts";
import { eventually } from "../../support/eventually.ts";
import { heldBy, holdPostgres, kill, nextLine } from "../../support/held-postgres.ts";

/** Made once and copied for each test: initdb is most of a first start. */
let finished: string;
let dataDir: string;
const servers = new Set<EmbeddedPostgres>();
const processes = new Set<ChildProcess>();

beforeAll(async () => {
  finished = path.join(await scratch(), "finished");
  await (await start(finished)).stop();
});

beforeEach(async () => {
  // A space in the path, below a directory that only we may enter: the home of many a checkout.
  const home = path.join(await scratch(), "my home");
  await mkdir(home, { mode: 0o700 });
  dataDir = path.join(home, "data");
  await cp(finished, dataDir, { recursive: true });
});

afterEach(async () => {
  for (const child of processes) child.kill("SIGKILL");
  processes.clear();
  await Promise.all([...servers].map((server) => server.stop()));
  servers.clear();
});

const scratch = () => mkdtemp(path.join(inject("scratchDirectory"), "postgres-"));
const serverDir = () => path.join(dataDir, "postgres");

async function start(directory = dataDir): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir: directory, log: () => {}, dieWithParent: true });
  servers.add(server);
  return server;
}

function holdingProcess(...flags: string[]): ChildProcess {
  const child = holdPostgres(dataDir, flags);
  processes.add(child);
  return child;
}

function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  return withStartConnection(url, async (client) => (await client.query<Row>(sql)).rows);
}

const sessionSeen = (server: EmbeddedPostgres, condition: string) =>
  eventually(
    async () => {
      const rows = await query(server.url("tollgate"), `select pid from pg_stat_activity where ${condition}`);
      return rows.length > 0;
    },
    { withinMs: 10_000, what: `a session where ${condition}` },
  );

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const gone = (pid: number) => eventually(() => !isAlive(pid), { withinMs: 15_000, what: `process ${pid} ends` });

async function startFailure(): Promise<string> {
  const thrown = await start().catch((error: unknown) => error);
  if (!(thrown instanceof StartError)) throw new Error("expected a StartError", { cause: thrown });
  return thrown.message;
}

describe("a start", () => {
  test("makes the database once; a later start finds what was written", async () => {
    await rm(dataDir, { recursive: true });
    const first = await start();
    await query(first.url("tollgate"), "create table kept (n int); insert into kept values (7)");
    await first.stop();
    await gone(first.pid);

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(second.password).toBe(first.password);
    expect(await query(second.url("tollgate"), "select n from kept")).toEqual([{ n: 7 }]);
  });

  test("listens on the loopback only, wants the password, and keeps fsync on", async () => {
    const server = await start();
    const settings = ["listen_addresses", "unix_socket_directories", "fsync", "full_page_writes", "max_connections"];
    const rows = await query<{ name: string; setting: string }>(
      server.url("postgres"),
      `select name, setting from pg_settings where name in (${settings.map((name) => `'${name}'`).join(", ")})`,
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      fsync: "on",
      full_page_writes: "on",
      max_connections: "100",
    });
    const wrong = server.url("postgres").replace(server.password, "guess");
    await expect(query(wrong, "select 1")).rejects.toThrow(/password authentication failed/);
  });

  test("gives the server nothing of the gateway's environment", async () => {
    const { pid } = await heldBy(holdingProcess("die-with-parent"));
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain("LC_ALL=C");
    expect(environment).not.toContain("hush");
  });

  test("at the same moment as others starts one server, which the others adopt", async () => {
    const all = await Promise.all([start(), start(), start(), start()]);
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1);
  });

  test("at the same moment as others in an empty directory makes one database", async () => {
    await rm(dataDir, { recursive: true });
    const children = [1, 2, 3].map(() => holdingProcess("die-with-parent"));
    const held = await Promise.all(children.map(heldBy));
    expect(new Set(held.map(({ pid }) => pid)).size).toBe(1);
    expect(held.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect((await readdir(dataDir)).sort()).toEqual(["postgres", "postgres.log", "postgres.secret"]);
  });

  test("waits for a server that is just ending, and starts a new one", async () => {
    const first = await start();
    const ending = first.stop();
    const second = await start();
    await ending;
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second.url("tollgate"), "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("after kill -9 of the process that started it", () => {
  test("the server stays and the next start adopts it", async () => {
    const child = holdingProcess();
    const held = await heldBy(child);
    await query(held.url, "create table kept (n int)");
    await kill(child);

    const server = await start();
    expect(server).toMatchObject({ adopted: true, pid: held.pid });
    expect(server.url("postgres")).toBe(held.url);
    expect(await query(server.url("postgres"), "select n from kept")).toEqual([]);
    await server.stop();
    await gone(held.pid);
  });

  test("a server that is to die with its parent is gone", async () => {
    const child = holdingProcess("die-with-parent");
    const { pid } = await heldBy(child);
    await kill(child);
    await gone(pid);
  });

  test("in the middle of initdb, the next start makes the database whole", async () => {
    await rm(dataDir, { recursive: true });
    const child = holdingProcess("die-with-parent");
    const work = await eventually(async () => (await namesIn(dataDir)).find(isWork), {
      withinMs: 20_000,
      what: "initdb begins",
    });
    await eventually(async () => (await namesIn(path.join(dataDir, work, "data"))).includes("base"), {
      withinMs: 20_000,
      what: "initdb is in the middle",
    });
    await kill(child);
    expect(await namesIn(dataDir)).not.toContain("postgres");

    const server = await start();
    expect(await query(server.url("tollgate"), "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

test("what an interrupted initdb left is removed once no initdb can be at work in it", async () => {
  const old = path.join(dataDir, "postgres.initdb-old");
  const recent = path.join(dataDir, "postgres.initdb-recent");
  await Promise.all([mkdir(old), mkdir(recent)]);
  const hourAgo = Date.now() / 1000 - 3_600;
  await utimes(old, hourAgo, hourAgo);
  await start();
  expect((await namesIn(dataDir)).filter(isWork)).toEqual(["postgres.initdb-recent"]);
});

describe("after kill -9 of the server itself", () => {
  test("the next start recovers what was committed, even while a session of the old one is at work", async () => {
    const first = await start();
    await query(first.url("tollgate"), "create table kept (n int); insert into kept select generate_series(1, 1000)");
    // It computes and never waits: such a session does not notice that its server is gone.
    const compute = "do $$ begin while clock_timestamp() < now() + interval '60 s' loop end loop; end $$";
    const busy = query(first.url("tollgate"), compute).catch(() => "cut");
    await sessionSeen(first, "state = 'active' and query like 'do %'");
    const killed = performance.now();
    process.kill(first.pid, "SIGKILL");

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await query(second.url("tollgate"), "select count(*)::int from kept")).toEqual([{ count: 1000 }]);
    expect(await busy).toBe("cut");
    expect(performance.now() - killed).toBeLessThan(20_000);
  });

  test("a lock file whose pid now belongs to another process does not hinder the start, nor harm that process", async () => {
    const first = await start();
    const lock = await readFile(path.join(serverDir(), "postmaster.pid"), "utf8");
    process.kill(first.pid, "SIGKILL");
    await gone(first.pid);
    const stranger = spawn("sleep", ["120"]);
    processes.add(stranger);
    await writeFile(path.join(serverDir(), "postmaster.pid"), lock.replace(String(first.pid), String(stranger.pid)));

    const second = await start();
    expect(second.adopted).toBe(false);
    await first.stop();
    expect(stranger.exitCode).toBeNull();
    expect(await query(second.url("tollgate"), "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("stopping", () => {
  test("cuts open sessions and ends within a bound", async () => {
    const server = await start();
    const session = query(server.url("tollgate"), "select pg_sleep(600)").catch(() => "cut");
    await sessionSeen(server, "wait_event = 'PgSleep'");
    const asked = performance.now();
    await server.stop();
    expect(performance.now() - asked).toBeLessThan(15_000);
    await gone(server.pid);
    expect(await session).toBe("cut");
  });

  test("is left to the gateway at ^C: the terminal's signal does not reach the server", async () => {
    const child = holdingProcess();
    const { pid, url } = await heldBy(child);
    const draining = nextLine(child);
    process.kill(-Number(child.pid), "SIGINT");
    expect(await draining).toBe("draining");
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect((await start()).pid).toBe(pid);
  });
});

describe("a start that cannot succeed says what to do", () => {
  test("the password file is missing", async () => {
    await rename(`${serverDir()}.secret`, path.join(dataDir, "elsewhere"));
    expect(await startFailure()).toMatch(/postgres\.secret holds the password .* put it back from your backup/);
  });

  test("the password file is of another database, and no server is left behind", async () => {
    await writeFile(`${serverDir()}.secret`, "another\n");
    expect(await startFailure()).toMatch(/password in .*postgres\.secret is not that of the database/);
    expect(await namesIn(serverDir())).not.toContain("postmaster.pid");
  });

  test("DATA_DIR is not a directory", async () => {
    await rm(dataDir, { recursive: true });
    await writeFile(dataDir, "");
    expect(await startFailure()).toMatch(/^DATA_DIR \(.*\) cannot be used .*: choose one that can be written/);
  });

  test("the data was written by another version of Postgres", async () => {
    await writeFile(path.join(serverDir(), "PG_VERSION"), "17\n");
    expect(await startFailure()).toMatch(/written by another version of Postgres/);
  });

  test("the data is damaged", async () => {
    await rm(path.join(serverDir(), "global", "pg_control"));
    expect(await startFailure()).toMatch(/^Postgres failed: .*set DATABASE_URL/);
  });
});

describe.skipIf(process.getuid?.() !== 0)("as root, which Postgres refuses to be", () => {
  const nobody = 65_534;

  test("the server runs in a user namespace, and its files stay root's", async () => {
    const { pid } = await start();
    expect((await stat(serverDir())).uid).toBe(0);
    expect(await readFile(`/proc/${pid}/uid_map`, "utf8")).toMatch(/^\s*65534\s+0\s+1\s*$/);
  });

  test("below a private directory of an unprivileged account the server runs as that account, then and later", async () => {
    await rm(dataDir, { recursive: true });
    await chmod(path.resolve(dataDir, "../.."), 0o711);
    await chown(path.dirname(dataDir), nobody, nobody);
    const first = await start();
    expect((await stat(`/proc/${first.pid}`)).uid).toBe(nobody);
    await first.stop();
    const second = await start();
    expect((await stat(`/proc/${second.pid}`)).uid).toBe(nobody);
  });

  test("below a private directory of somebody else's the start says what to do", async () => {
    await rm(dataDir, { recursive: true });
    await chown(path.dirname(dataDir), 4242, 4242);
    expect(await startFailure()).toMatch(/does not run as root.*choose a DATA_DIR outside private directories/);
  });
});

const isWork = (name: string) => name.startsWith("postgres.initdb-");

function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
