import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Callers, disagreements } from "../../support/callers.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { childrenOf } from "../../support/processes.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

let house: TenantHouse;

beforeAll(async () => {
  house = await openTenantHouse();
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await house.close();
});

const start = () => GatewayProcess.start({ DATABASE_URL: house.url });

/** Stops every runner of the gateway in its tracks: whatever is asked waits. */
async function holdRunners(gateway: GatewayProcess): Promise<{ signal(name: NodeJS.Signals): void }> {
  const pids = await childrenOf(gateway.pid);
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) process.kill(pid, name);
  };
  signal("SIGSTOP");
  return { signal };
}

const chargesOf = async (tenantId: string) =>
  await house.sql("select quantity::int, reason from usage_events where tenant_id = $1 order by quantity", [tenantId]);

test("callers who hang up while their requests queue are not charged", async () => {
  const tenant = await house.createTenant();
  const gateway = await start();
  const runners = await holdRunners(gateway);
  const leaving = new AbortController();
  const requests = Array.from({ length: 60 }, () => hangingRequest(gateway.url, tenant.apiKey, leaving.signal));
  await eventually(async () => (await chargesOf(tenant.id)).length === 60, { withinMs: 20_000, what: "60 charges" });
  leaving.abort();
  expect(new Set(await Promise.all(requests))).toEqual(new Set(["cut"]));
  await eventually(async () => (await chargesOf(tenant.id)).length === 120, { withinMs: 20_000, what: "60 reversals" });
  runners.signal("SIGCONT");
  const charges = await chargesOf(tenant.id);
  expect(charges.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => ({ quantity: -1, reason: "CALLER_LEFT" })));
  const callers = new Callers(tenant.apiKey);
  await callers.ask(gateway.url);
  expect(await disagreements(house.sql, tenant.id, callers.held)).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

test("fifty repeats of one key across a kill -9 of the gateway that works on it have one charge and one answer", async () => {
  const tenant = await house.createTenant();
  const [first, second] = await Promise.all([start(), start()]);
  // It is charged and cannot answer: so it is killed in the middle, for certain.
  const runners = await holdRunners(first);
  const callers = new Callers(tenant.apiKey);
  const ask = (gateway: GatewayProcess) => callers.ask(gateway.url, { key: "order-1", deadlineMs: 30_000 });
  const cut = Array.from({ length: 25 }, () => ask(first));
  await eventually(async () => (await chargesOf(tenant.id)).length === 1, { withinMs: 20_000, what: "the charge" });
  // The repeats on the other gateway come while the first one is at work, and wait for it.
  const repeats = Array.from({ length: 25 }, () => ask(second));
  await first.kill();
  runners.signal("SIGKILL");
  expect(await Promise.all(cut)).toEqual(Array.from({ length: 25 }, () => undefined));
  const retries = Array.from({ length: 25 }, () => ask(second));
  const answers = await Promise.all([...repeats, ...retries]);
  expect(answers.flatMap((answer) => answer?.errors ?? [])).toEqual([]);
  const given = new Set(answers.map((answer) => JSON.stringify(answer?.data.infer)));
  expect(given.size).toBe(1);
  expect(await chargesOf(tenant.id)).toEqual([{ quantity: 1, reason: null }]);
  expect(await disagreements(house.sql, tenant.id, callers.held)).toEqual([]);
  expect(await house.drift()).toEqual([]);
  expect(await second.stop()).toBe(0);
});

/** What became of a request whose caller may hang up. */
async function hangingRequest(url: string, apiKey: string, signal: AbortSignal): Promise<"answered" | "cut"> {
  const pixels = Buffer.alloc(784, 7).toString("base64");
  const input = {
    model: "digits",
    inputs: [{ tensor: { dtype: "uint8", shape: [784], data: pixels } }],
    deadlineMs: 30_000,
  };
  const query = "mutation($input: InferInput!) { infer(input: $input) { id } }";
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  const body = JSON.stringify({ query, variables: { input } });
  return await fetch(`${url}/graphql`, { method: "POST", headers, body, signal }).then(
    () => "answered",
    () => "cut",
  );
}
