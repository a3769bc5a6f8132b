import { mkdtemp, readdir, stat } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { stateOf } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { childrenOf } from "../../support/processes.ts";
import {
  digestOf,
  itsNumbers,
  numberInput,
  numbersOf,
  RegistryClient,
  timesFile,
  tinyFile,
} from "../../support/registry.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";
import { tinyModelsFolder } from "../../support/tiny-models-folder.ts";

let house: TenantHouse;
let environment: Record<string, string>;
let tenant: { id: string; apiKey: string };

beforeAll(async () => {
  house = await openTenantHouse();
  tenant = await house.createTenant();
  environment = {
    DATABASE_URL: house.url,
    DATA_DIR: await mkdtemp(path.join(inject("scratchDirectory"), "gateway-")),
    MODELS_DIR: await tinyModelsFolder("lookup"),
  };
  // A version comes to a state only when nobody holds that state's lock: so a test can stop it in the one before.
  await house.sql(`
    create function hold_state() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock(4711, hashtext(new.state));
      return new;
    end
    $$`);
  await house.sql(`
    create trigger hold_state before update of state on model_versions
      for each row when (new.state is distinct from old.state) execute function hold_state()`);
});

afterAll(async () => {
  GatewayProcess.killAll();
  await house.close();
});

const start = async () => await GatewayProcess.start(environment);
const registryAt = ({ url }: GatewayProcess) => new RegistryClient(new GraphqlClient(url, tenant.apiKey));

interface Standing {
  state: string;
  reason: string | null;
  attempts: number;
}

async function standingOf(model: string): Promise<Standing | undefined> {
  const versions = await house.sql(
    `select v.state, v.state_reason as reason, v.attempts
       from model_versions v join models m on m.id = v.model_id where m.name = $1 and m.tenant_id = $2`,
    [model, tenant.id],
  );
  expect(versions.length).toBeLessThanOrEqual(1);
  return versions[0];
}

/** Kills the gateway, and what it has asked of the database and not been answered. */
async function killed(gateway: GatewayProcess): Promise<void> {
  const runners = await childrenOf(gateway.pid);
  await gateway.kill();
  await house.sql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'");
  await eventually(() => runners.every((pid) => stateOf(pid) === undefined), {
    withinMs: 5_000,
    what: "its runners have gone with it",
  });
}

/** Keeps the version out of the state while a gateway brings it on, and kills the gateway when it stands before it. */
async function killBefore(gateway: GatewayProcess, state: string, begin: () => void): Promise<void> {
  await house.holding(`select pg_advisory_xact_lock(4711, hashtext('${state}'))`, async () => {
    begin();
    await eventually(async () => (await house.waiting()) > 0, { withinMs: 30_000, what: `it is about to be ${state}` });
    await killed(gateway);
  });
}

async function untilReady(model: string, attempts: number): Promise<void> {
  await eventually(async () => (await standingOf(model))?.state === "READY", { withinMs: 30_000, what: "it is ready" });
  expect(await standingOf(model)).toMatchObject({ attempts });
  const actions = await house.sql(
    `select e.action from audit_events e join model_versions v on v.id = e.subject_id
       join models m on m.id = v.model_id where m.name = $1 order by e.id`,
    [model],
  );
  expect(actions.map(({ action }) => action)).toEqual(["model_version.registered", "model_version.ready"]);
  const aliases = await house.sql(
    `select a.name, a.revision, (select count(*)::int from alias_targets t where t.alias_id = a.id) as targets
       from aliases a join models m on m.id = a.model_id where m.name = $1`,
    [model],
  );
  expect(aliases).toEqual([{ name: "stable", revision: 1, targets: 1 }]);
}

describe("kill -9 of a gateway in the middle of a registration", () => {
  test("while the file comes: nothing of it can be named, and it can be sent again", async () => {
    const first = await start();
    const file = timesFile(3);
    const whole = Buffer.concat([file, Buffer.alloc(1_000_000)]);
    const digest = digestOf(whole);
    const headers = { authorization: `Bearer ${tenant.apiKey}`, "content-length": whole.length };
    const upload = request(`${first.url}/artifacts/${digest}`, { method: "PUT", headers });
    const cut = new Promise<void>((resolve) => upload.once("error", () => resolve()));
    upload.write(whole.subarray(0, 500_000));
    const incoming = path.join(environment["DATA_DIR"] ?? "", "artifacts", "models", "incoming");
    await eventually(async () => (await bytesIn(incoming)) > 0, { withinMs: 10_000, what: "a part of it has come" });
    await killed(first);
    await cut;

    const second = await start();
    const registry = registryAt(second);
    const [refused] = (await registry.sendRegister({ model: "cut-off", digest })).errors;
    expect(refused?.extensions.code).toBe("NOT_FOUND");
    expect(await standingOf("cut-off")).toBeUndefined();
    expect((await registry.put(whole)).ok).toBe(true);
    expect(await house.sql("select bytes::int from artifacts where digest = $1", [digest])).toEqual([
      { bytes: whole.length },
    ]);
    await second.kill();
  });

  test.each([
    { stands: "SCANNING", before: "VALIDATING" },
    { stands: "VALIDATING", before: "WARMING" },
    { stands: "WARMING", before: "READY" },
  ])("in $stands: the next one brings it to its end, once", async ({ stands, before }) => {
    const model = `killed-in-${stands.toLowerCase()}`;
    const first = await start();
    const asked = Promise.withResolvers<unknown>();
    const begin = () => {
      registryAt(first)
        .register(model, timesFile(stands.length))
        .then(() => asked.reject(new Error("a gateway that was killed answered")), asked.resolve);
    };
    await killBefore(first, before, begin);
    await asked.promise;
    expect(await standingOf(model)).toMatchObject({ state: stands, attempts: 1 });

    const second = await start();
    await untilReady(model, 2);
    const registry = registryAt(second);
    const answer = await eventually(
      async () => {
        const asking = await registry.client.infer({ model, inputs: [numberInput(2)] }, `outputs { ${itsNumbers} }`);
        return asking.errors.length === 0 ? asking : undefined;
      },
      { withinMs: 10_000, what: "it answers" },
    );
    expect(numbersOf(answer.data.infer.outputs[0])).toEqual([2 * stands.length]);
    // Whoever was cut off asks again, and it is the same version.
    expect(await registry.register(model, timesFile(stands.length))).toMatchObject({ version: 1, state: "READY" });
    await second.kill();
  });

  test("while a runner is at work on its golden samples: the next one tries it anew", async () => {
    const model = "killed-in-golden";
    const first = await start();
    const before = await childrenOf(first.pid);
    registryAt(first)
      .register(model, tinyFile("loop"), { manifest: { golden: longGolden } })
      .catch(() => undefined);
    const trial = await eventually(
      async () => (await childrenOf(first.pid)).find((pid) => !before.includes(pid) && stateOf(pid) === "R"),
      { withinMs: 30_000, what: "a runner of its own is at work on it" },
    );
    expect(await standingOf(model)).toMatchObject({ state: "WARMING" });
    await killed(first);
    expect(stateOf(trial)).toBeUndefined();
    const second = await start();
    await untilReady(model, 2);
    await second.kill();
  });

  test("three times over: it is rejected, and says so", async () => {
    const model = "deadly";
    let gateway = await start();
    await killBefore(gateway, "READY", () => {
      registryAt(gateway)
        .register(model, timesFile(17))
        .catch(() => undefined);
    });
    for (let attempt = 2; attempt <= 3; attempt++) {
      await house.holding("select pg_advisory_xact_lock(4711, hashtext('READY'))", async () => {
        gateway = await start();
        await eventually(async () => (await house.waiting()) > 0, {
          withinMs: 30_000,
          what: "it is about to be READY",
        });
        await killed(gateway);
      });
      expect(await standingOf(model)).toMatchObject({ state: "WARMING", attempts: attempt });
    }
    gateway = await start();
    const rejected = await eventually(
      async () => {
        const standing = await standingOf(model);
        return standing?.state === "REJECTED" ? standing : undefined;
      },
      { withinMs: 30_000, what: "it is given up" },
    );
    expect(rejected.reason).toBe("it could not be loaded in 3 attempts, each of which ended the work or the gateway");
    await gateway.kill();
  });
});

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** So many turns that a runner is at work on it for seconds. */
const longTurns = 1_500_000n;
const encoded = {
  dtype: "int64",
  shape: [1],
  data: Buffer.from(BigInt64Array.of(longTurns).buffer).toString("base64"),
};
const longGolden = { tolerance: 0, samples: [{ tensors: { turns: encoded }, outputs: { turned: encoded } }] };
