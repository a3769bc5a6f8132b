import pg from "pg";
import { newId } from "../../src/core/ids.ts";
import { ChargeStore } from "../../src/domains/usage/charge.store.ts";
import { Ledger } from "../../src/domains/usage/ledger.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { createLogger } from "../../src/platform/logger.ts";
import type { Closer } from "../closers.ts";
import { type Gateway, startUnmetered } from "../servers/gateway.ts";
import { type Loading, load, type Pace, warmUp } from "./rounds.ts";
import { median, type Row, ratioRow } from "./rows.ts";

/** What it costs that limits are exact. Each is measured by itself, chosen by its name. */
export const exactnessNames = [
  "cost of exactness",
  "events per second in group commit",
  "admissions of one hot tenant on two gateways",
] as const;
type Name = (typeof exactnessNames)[number];

interface Measuring extends Loading {
  gateway: Gateway;
  pace: Pace;
  closers: Closer[];
}

export async function measureExactness(chosen: readonly Name[], measuring: Measuring): Promise<Row[]> {
  const client = new pg.Client({ connectionString: measuring.gateway.databaseUrl("tollgate") });
  await client.connect();
  try {
    const rows: Row[] = [];
    for (const name of chosen) rows.push(...(await works[name](name, measuring, client)));
    return rows;
  } finally {
    await client.end();
  }
}

const works: Record<Name, (name: Name, measuring: Measuring, client: pg.Client) => Promise<Row[]>> = {
  "cost of exactness": costOfExactness,
  "events per second in group commit": groupCommit,
  "admissions of one hot tenant on two gateways": hotTenant,
};

/**
 * The same load in turn on a gateway that meters nothing, and on one that meters: without a limit, and with every kind of
 * limit, none of which it reaches.
 */
async function costOfExactness(name: Name, measuring: Measuring, client: pg.Client): Promise<Row[]> {
  const { gateway, pace, closers } = measuring;
  const unmetered = await startUnmetered(closers);
  const versions = { metered: await createPlan(client, []), limited: await createPlan(client, everyLimit) };
  const servers = { unmetered, metered: gateway.server, limited: gateway.server };
  const rates = { unmetered: [] as number[], metered: [] as number[], limited: [] as number[] };
  await warmUp({ ...measuring, servers: [unmetered] });
  for (let round = 0; round < pace.rounds; round++) {
    const order = ["unmetered", "metered", "limited"] as const;
    for (const what of round % 2 === 0 ? order : order.toReversed()) {
      if (what !== "unmetered") await movePlan(client, gateway, versions[what]);
      await load(measuring, servers[what], pace.warmUpMs);
      const { answers, seconds } = await load(measuring, servers[what], pace.roundMs);
      rates[what].push(answers / seconds);
    }
  }
  const row = (against: string, baseline: number[], aim: number) =>
    ratioRow(`${name}: throughput with every limit against ${against}`, {
      value: median(rates.limited),
      baseline: median(baseline),
      unit: "answers/s",
      aim,
    });
  return [row("metering alone", rates.metered, 0.9), row("no metering", rates.unmetered, 0.6)];
}

async function movePlan(client: pg.Client, { apiKeyId }: Gateway, planVersionId: string): Promise<void> {
  await client.query(
    "update subscriptions set plan_version_id = $1 where tenant_id = (select tenant_id from api_keys where id = $2)",
    [planVersionId, apiKeyId],
  );
}

const everyLimit = [
  ["TENANT", "QUOTA", "inputs", "BILLING_PERIOD", 1e12, null],
  ["EACH_KEY", "QUOTA", "inputs", "DAY", 1e12, null],
  ["TENANT", "BUDGET", null, "BILLING_PERIOD", 1e15, null],
  ["TENANT", "RATE_LIMIT", "inputs", null, 1e9, 1e12],
  ["EACH_KEY", "RATE_LIMIT", "requests", null, 1e9, 1e12],
  ["TENANT", "CONCURRENCY_LIMIT", null, null, 1e6, null],
  ["TENANT", "REQUEST_INPUTS", null, null, 1e6, null],
];

async function createPlan(client: pg.Client, limits: unknown[][]): Promise<string> {
  const id = newId("planVersion");
  await client.query("insert into plans (id, name) values ($1, $1)", [newId("plan").replace("_", "-")]);
  await client.query(
    "insert into plan_versions (id, plan_id, version, currency) select $1, id, 1, 'USD' from plans order by created_at desc limit 1",
    [id],
  );
  await client.query("insert into plan_prices (plan_version_id, meter, unit_price_micros) values ($1, 'inputs', 100)", [
    id,
  ]);
  for (const limit of limits) {
    await client.query(
      `insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity, refill_micros)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [newId("limit"), id, ...limit],
    );
  }
  return id;
}

async function createTenant(client: pg.Client): Promise<string> {
  const tenant = newId("tenant");
  const version = await createPlan(client, everyLimit);
  await client.query("insert into tenants (id, name) values ($1, 'Bench')", [tenant]);
  await client.query("insert into subscriptions (id, tenant_id, plan_version_id) values ($1, $2, $3)", [
    newId("subscription"),
    tenant,
    version,
  ]);
  return tenant;
}

/** The ledger by itself, asked by many at once, against a commit for each event on as many connections. */
async function groupCommit(name: Name, { gateway, pace }: Measuring, client: pg.Client): Promise<Row[]> {
  const url = gateway.databaseUrl("tollgate");
  const tenant = await createTenant(client);
  const grouped = await admissionsPerSecond(url, { tenant, ledgers: 1, milliseconds: pace.roundMs });
  await client.query("create table if not exists bench_events (like usage_events including defaults)");
  const alone = await insertsPerSecond(url, pace.roundMs);
  return [ratioRow(`${name} against one insert a request`, { value: grouped, baseline: alone, unit: "events/s" })];
}

/** One tenant asked for through two gateways' ledgers, which wait for each other at its row, against one. */
async function hotTenant(name: Name, { gateway, pace }: Measuring, client: pg.Client): Promise<Row[]> {
  const url = gateway.databaseUrl("tollgate");
  const tenant = await createTenant(client);
  const one = await admissionsPerSecond(url, { tenant, ledgers: 1, milliseconds: pace.roundMs });
  const two = await admissionsPerSecond(url, { tenant, ledgers: 2, milliseconds: pace.roundMs });
  return [ratioRow(`${name} against one`, { value: two, baseline: one, unit: "admissions/s" })];
}

const callers = 256;

async function admissionsPerSecond(
  url: string,
  { tenant, ledgers, milliseconds }: { tenant: string; ledgers: number; milliseconds: number },
): Promise<number> {
  const databases = await Promise.all(Array.from({ length: ledgers }, () => openDatabase(url)));
  const logger = createLogger("silent");
  const all = databases.map((database) => new Ledger({ store: new ChargeStore(database, newId("instance")), logger }));
  const endsAt = performance.now() + milliseconds;
  let admitted = 0;
  const ask = async (ledger: Ledger) => {
    while (performance.now() < endsAt) {
      const verdict = await ledger.charge({
        usageEventId: newId("usageEvent"),
        tenantId: tenant,
        inferenceId: newId("inference"),
        quantity: 1,
        tokens: 0,
        explanations: 0,
        computeUs: 0,
        modelId: "mod_bench",
        modelVersionId: "mdv_bench",
        apiKeyId: "key_bench",
        userId: undefined,
        idempotencyKey: undefined,
        requestDigest: undefined,
        leaseMs: undefined,
      });
      if (verdict.kind === "ADMITTED") admitted++;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => ask(all[index % ledgers] as Ledger)));
  await Promise.all(databases.map((database) => database.close()));
  return admitted / (milliseconds / 1000);
}

async function insertsPerSecond(url: string, milliseconds: number): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const endsAt = performance.now() + milliseconds;
  let inserted = 0;
  const insert = async () => {
    while (performance.now() < endsAt) {
      await pool.query({
        name: "insert",
        text: `insert into bench_events (tenant_id, id, occurred_at, meter, quantity, amount_micros, plan_version_id, price_model_id,
                                         period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id)
               values ('ten', $1, now(), 'inputs', 1, 100, 'plv', '', now(), false, 'inf', 'mod', 'mdv', 'key')`,
        values: [newId("usageEvent")],
      });
      inserted++;
    }
  };
  await Promise.all(Array.from({ length: callers }, insert));
  await pool.end();
  return inserted / (milliseconds / 1000);
}
