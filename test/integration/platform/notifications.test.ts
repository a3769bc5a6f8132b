import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { type Database, openDatabase } from "../../../src/platform/database.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { isInstanceAlive, type Notifications, startNotifications } from "../../../src/platform/notifications.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

const channel = "tollgate_api_keys";
const maxSilenceMs = 600;

let testDatabase: TestDatabase;
/** Straight to Postgres. */
let database: Database;
let proxy: TcpProxy;
/** Through the proxy. */
let reached: Database;

let instanceId: string;
let notifications: Notifications;
let logged: { level: string; msg: string; reason?: string }[];
/** What a subscriber was told, in order, with what isCurrent() said at that moment. */
let told: string[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase(testDatabase.url);
  proxy = await startTcpProxy(testDatabase.url);
  reached = await openDatabase(proxy.url);
});

afterAll(async () => {
  await Promise.all([database.close(), reached.close()]);
  await proxy.close();
  await testDatabase.drop();
});

beforeEach(async () => {
  instanceId = newId("instance");
  logged = [];
  notifications = await start();
  told = [];
  subscribe();
});

afterEach(async () => {
  await notifications.close();
  proxy.accept();
});

async function start(): Promise<Notifications> {
  const logger = createLogger("info", { write: (line) => void logged.push(JSON.parse(line)) });
  return await startNotifications({ database: reached, logger, instanceId, maxSilenceMs, giveUpMs: 1_000 });
}

function subscribe(): void {
  const now = () => (notifications.isCurrent() ? "current" : "not current");
  notifications.subscribe(
    channel,
    (id) => told.push(`change of ${id}`),
    () => told.push(`gap while ${now()}`),
  );
}

const announce = (id: string) => database.systemSql({ text: "select pg_notify($1, $2)", values: [channel, id] });

const listeners = () =>
  database.systemSql<{ pid: number }>({
    text: "select pid from pg_locks where locktype = 'advisory' and objid = hashtext($1)::oid",
    values: [instanceId],
  });

/** As a fault does it: from outside, without a word to the gateway. */
async function terminateListener(): Promise<void> {
  const [listener] = await listeners();
  await database.systemSql({ text: "select pg_terminate_backend($1)", values: [listener?.pid] });
}

const becomes = (isCurrent: boolean, withinMs: number) =>
  eventually(() => notifications.isCurrent() === isCurrent, { withinMs, what: `isCurrent() to become ${isCurrent}` });

test("it hears from the start, and a change arrives with its id", async () => {
  expect(notifications.isCurrent()).toBe(true);
  await announce("key_1");
  await eventually(() => told.includes("change of key_1"), { withinMs: 1_000, what: "the change" });
  expect(told).toEqual(["change of key_1"]);
});

test("while nothing happens the connection stays, and with it the hearing", async () => {
  const [before] = await listeners();
  const until = performance.now() + 3 * maxSilenceMs;
  await eventually(() => performance.now() > until, { withinMs: 4 * maxSilenceMs, what: "a quiet while" });
  await becomes(true, 1_000);
  expect(told).toEqual([]);
  expect(await listeners()).toEqual([before]);
});

test("changes of another channel are not its subscribers' business", async () => {
  await database.systemSql({ text: "select pg_notify('tollgate_models', 'mod_1')" });
  await announce("key_2");
  await eventually(() => told.includes("change of key_2"), { withinMs: 1_000, what: "the change" });
  expect(told).toEqual(["change of key_2"]);
});

test("a connection that is ended is opened again, and subscribers hear of the gap before it is current", async () => {
  await terminateListener();
  await becomes(false, 1_000);
  await becomes(true, 2_000);
  expect(told).toEqual(["gap while not current"]);
  await announce("key_3");
  await eventually(() => told.includes("change of key_3"), { withinMs: 1_000, what: "a change on the new connection" });
});

test("a connection that went mute is current no longer than the silence that is allowed, then given up and replaced", async () => {
  const mutedAt = performance.now();
  proxy.muteOpenConnections();
  await becomes(false, maxSilenceMs + 100);
  expect(performance.now() - mutedAt).toBeLessThan(1_000);
  await announce("key_4");
  await becomes(true, 5_000);
  expect(told).toEqual(["gap while not current"]);
});

test("while the database cannot be reached it is not current, says so once, and recovers by itself", async () => {
  proxy.refuse();
  await becomes(false, 1_000);
  // Long enough for several attempts in vain.
  const until = performance.now() + 1_500;
  await eventually(
    () => {
      expect(notifications.isCurrent()).toBe(false);
      return performance.now() > until;
    },
    { withinMs: 3_000, what: "a while without a database" },
  );
  proxy.accept();
  await becomes(true, 5_000);
  expect(told).toEqual(["gap while not current"]);
  expect(logged.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
    "info: hears changes",
    "warn: cannot hear changes: reads the database instead of its caches until it can",
    "info: hears changes",
  ]);
  expect(logged[1]?.reason).toMatch(/connection/i);
});

test("a subscriber that cannot take in a change makes it a gap for all", async () => {
  let isBroken = true;
  notifications.subscribe(
    channel,
    () => {
      if (isBroken) throw new Error("broke");
    },
    () => {
      isBroken = false;
    },
  );
  await announce("key_5");
  await eventually(() => told.includes("gap while not current"), { withinMs: 2_000, what: "the gap" });
  await becomes(true, 2_000);
});

test("it starts without a database, not current, and hears as soon as there is one", async () => {
  await notifications.close();
  proxy.refuse();
  notifications = await start();
  subscribe();
  expect(notifications.isCurrent()).toBe(false);
  proxy.accept();
  await becomes(true, 5_000);
  expect(told).toContain("gap while not current");
});

test("closing ends the connection and the hearing", async () => {
  await notifications.close();
  expect(notifications.isCurrent()).toBe(false);
  await eventually(async () => (await listeners()).length === 0, { withinMs: 1_000, what: "the connection to end" });
});

test("closing takes no longer than a second, even when the connection is mute", async () => {
  proxy.muteOpenConnections();
  const startedAt = performance.now();
  await notifications.close();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test("an instance is alive for others exactly while it holds its connection", async () => {
  const isAlive = () => isInstanceAlive(database, instanceId);
  expect(await isAlive()).toBe(true);
  expect(await isInstanceAlive(database, newId("instance"))).toBe(false);
  expect(await Promise.all(Array.from({ length: 6 }, isAlive))).toEqual(Array(6).fill(true));
  await notifications.close();
  await eventually(async () => !(await isAlive()), { withinMs: 1_000, what: "the instance to be found dead" });
});

test("an instance in another database of the same server is none of this one's", async () => {
  const other = await createTestDatabase();
  const elsewhere = await openDatabase(other.url);
  try {
    expect(await isInstanceAlive(elsewhere, instanceId)).toBe(false);
  } finally {
    await elsewhere.close();
    await other.drop();
  }
});

test("a connection that the server has not yet found dead does not keep the instance from being alive again", async () => {
  proxy.muteOpenConnections();
  await becomes(false, 1_000);
  await becomes(true, 5_000);
  expect(await isInstanceAlive(database, instanceId)).toBe(true);
});
