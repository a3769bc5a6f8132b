import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

let house: TenantHouse;

beforeAll(async () => {
  house = await openTenantHouse();
});

afterAll(async () => {
  await house.close();
});

const grey = (value: number) => ({
  tensor: { dtype: "uint8", shape: [784], data: Buffer.alloc(784, value % 256).toString("base64") },
});
const start = async () => await GatewayProcess.start({ DATABASE_URL: house.url });

interface Held {
  inferenceId: string;
  key: string | undefined;
}

/** Sends requests at once, every second one under an idempotency key, and kills the gateway when some are answered. */
async function killMidway(
  gateway: GatewayProcess,
  options: { apiKey: string; requests: number; killAfter: number; round: number },
) {
  const client = new GraphqlClient(gateway.url, options.apiKey);
  const held: Held[] = [];
  let killing: Promise<void> | undefined;
  const requests = Array.from({ length: options.requests }, async (_, index) => {
    const key = index % 2 === 0 ? undefined : `round-${options.round}-${index}`;
    const input = { model: "digits", inputs: [grey(index)], ...(key === undefined ? {} : { idempotencyKey: key }) };
    const answer = await client.infer(input, "id").catch(() => undefined); // the connection that a kill cuts
    if (answer?.data?.infer) held.push({ inferenceId: answer.data.infer.id, key });
    if (held.length >= options.killAfter) killing ??= gateway.kill();
  });
  await Promise.all(requests);
  await killing;
  return held;
}

describe("kill -9 of the gateway in the middle of 1,000 requests", () => {
  test("ten times: every answer that a caller holds has exactly one usage event, and no key has two", async () => {
    const tenant = await house.createTenant();
    const held: Held[] = [];
    for (let round = 0; round < 10; round++) {
      const gateway = await start();
      // A different moment each time, from the first answers to the last.
      const killAfter = 1 + round * 100;
      held.push(...(await killMidway(gateway, { apiKey: tenant.apiKey, requests: 1_000, killAfter, round })));
      await gateway.kill();
    }
    const rows = await house.sql(
      "select inference_id, count(*)::int as events from usage_events where tenant_id = $1 group by 1",
      [tenant.id],
    );
    const events = new Map(rows.map((row) => [row.inference_id, row.events]));
    const wrong = held.filter(({ inferenceId }) => events.get(inferenceId) !== 1);
    expect(held.length).toBeGreaterThan(4_000);
    expect(wrong).toEqual([]);
    const doubled = await house.sql(
      "select idempotency_key from usage_events where tenant_id = $1 and idempotency_key is not null group by 1 having count(*) > 1",
      [tenant.id],
    );
    expect(doubled).toEqual([]);
    expect(await house.drift()).toEqual([]);
  });

  test("then every key is repeated: each gets its answer under its first id, and is charged once", async () => {
    const tenant = await house.createTenant();
    const first = await start();
    const held = await killMidway(first, { apiKey: tenant.apiKey, requests: 400, killAfter: 100, round: 0 });
    const second = await start();
    const client = new GraphqlClient(second.url, tenant.apiKey);
    const keyed = Array.from({ length: 200 }, (_, index) => 2 * index + 1);
    const answers = await Promise.all(
      keyed.map(async (index) => {
        const key = `round-0-${index}`;
        const answer = await client.infer(
          { model: "digits", inputs: [grey(index)], idempotencyKey: key },
          "id outputs { label }",
        );
        return { key, answer };
      }),
    );
    await second.stop();
    expect(answers.flatMap(({ answer }) => answer.errors)).toEqual([]);
    for (const { inferenceId, key } of held.filter((one) => one.key !== undefined)) {
      const repeated = answers.find((one) => one.key === key);
      expect(repeated?.answer.data.infer.id).toBe(inferenceId);
    }
    const rows = await house.sql(
      "select idempotency_key, sum(quantity)::int as charged from usage_events where tenant_id = $1 and idempotency_key is not null group by 1",
      [tenant.id],
    );
    expect(rows).toHaveLength(200);
    expect(new Set(rows.map((row) => row.charged))).toEqual(new Set([1]));
  });
});

describe("kill -9 of a runner under load", () => {
  test("fails only what it was working on, bills none of that, and the spare serves the rest", async () => {
    const tenant = await house.createTenant();
    const gateway = await start();
    const client = new GraphqlClient(gateway.url, tenant.apiKey);
    let answered = 0;
    let killed = false;
    const answers = await Promise.all(
      Array.from({ length: 600 }, async (_, index) => {
        await pause(index % 7); // spread over a few ticks, so that the kill falls among them
        const answer = await client.infer({ model: "digits", inputs: [grey(index)] }, "id");
        answered += 1;
        if (answered > 100 && !killed) {
          killed = true;
          process.kill(await servingRunner(gateway), "SIGKILL");
        }
        return answer;
      }),
    );
    const held = answers.filter((answer) => answer.errors.length === 0).map((answer) => answer.data.infer.id);
    const codes = new Set(answers.flatMap((answer) => answer.errors.map((error) => error.extensions.code)));
    expect([...codes].filter((code) => code !== "MODEL_FAILED")).toEqual([]);
    expect(held.length).toBeGreaterThan(300);
    const [{ net }] = await house.sql("select sum(quantity)::int as net from usage_events where tenant_id = $1", [
      tenant.id,
    ]);
    expect(net).toBe(held.length);
    expect((await client.infer({ model: "digits", inputs: [grey(1)] })).errors).toEqual([]);
    expect(await gateway.stop()).toBe(0);
  });
});

/** The pid of the gateway's runner that has used the most time: the one that is serving. */
async function servingRunner(gateway: GatewayProcess): Promise<number> {
  const { readFile, readdir } = await import("node:fs/promises");
  const tasks = await readdir(`/proc/${gateway.pid}/task`);
  const children = await Promise.all(
    tasks.map((task) => readFile(`/proc/${gateway.pid}/task/${task}/children`, "utf8")),
  );
  const pids = children.flatMap((line) => line.trim().split(" ").filter(Boolean).map(Number));
  const used = await Promise.all(
    pids.map(async (pid) => {
      const stat = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
      return { pid, ticks: Number(stat[11]) + Number(stat[12]) };
    }),
  );
  const [busiest] = used.sort((a, b) => b.ticks - a.ticks);
  if (busiest === undefined) throw new Error("the gateway has no runner");
  return busiest.pid;
}

describe("SIGTERM at full load", () => {
  test("finishes what was accepted, refuses nothing of it, and exits with 0", async () => {
    const tenant = await house.createTenant();
    const gateway = await start();
    const client = new GraphqlClient(gateway.url, tenant.apiKey);
    let answered = 0;
    const requests = Array.from({ length: 300 }, async (_, index) => {
      const answer = await client.infer({ model: "digits", inputs: [grey(index)] }, "id").catch(() => undefined);
      if (answer !== undefined) answered += 1;
      return answer;
    });
    await eventually(() => answered > 20, { withinMs: 30_000, what: "the first answers" });
    // The clients keep their connections open: the gateway must not wait for them to be idle for a minute.
    const stopping = gateway.stop();
    await eventually(() => gateway.hasEnded, { withinMs: 20_000, what: "the end of the gateway" });
    expect(await stopping).toBe(0);
    const answers = await Promise.all(requests);
    const held = answers.flatMap((answer) => (answer?.data?.infer ? [answer.data.infer.id] : []));
    expect(answers.flatMap((answer) => answer?.errors ?? [])).toEqual([]);
    const [{ net }] = await house.sql("select sum(quantity)::int as net from usage_events where tenant_id = $1", [
      tenant.id,
    ]);
    expect(net).toBe(held.length);
  });
});
