import { afterEach, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { grey, JobClient } from "../../support/jobs.ts";
import { type OwnPostgres, startOwnPostgres } from "../../support/own-postgres.ts";
import { openTenantHouse } from "../../support/tenant-house.ts";

afterEach(() => GatewayProcess.killAll());

test.each([
  ["ends all its sessions", (postgres: OwnPostgres) => postgres.killSession()],
  ["is killed itself, and started again", (postgres: OwnPostgres) => postgres.killAndStart()],
])(
  "a Postgres that %s in the middle of slices, three times: the job goes on by itself, each item once",
  async (_how, kill) => {
    const postgres = await startOwnPostgres();
    const house = await openTenantHouse(postgres);
    const tenant = await house.createTenant();
    const gateway = await GatewayProcess.start({ DATABASE_URL: postgres.url });
    const client = new JobClient(new GraphqlClient(gateway.url, tenant.apiKey));
    const inputs = Array.from({ length: 10_000 }, (_, index) => grey(index));
    const { id } = await client.submit({ model: "digits", source: { inputs } });
    const ended = async () => (await client.find(id).catch(() => undefined))?.counts.succeeded ?? 0;
    for (let round = 0; round < 3; round++) {
      const before = await eventually(ended, { withinMs: 30_000, what: "items end" });
      await kill(postgres);
      await eventually(async () => (await ended()) > before, { withinMs: 60_000, what: "items end again" });
    }
    await eventually(async () => (await client.find(id).catch(() => undefined))?.state === "SUCCEEDED", {
      withinMs: 120_000,
      what: "the job ends",
    });
    expect((await client.results(id)).map(({ index }) => index)).toEqual(inputs.map((_, index) => index));
    const [{ events, inferences }] = await house.sql(
      "select count(*)::integer as events, count(distinct inference_id)::integer as inferences from usage_events where tenant_id = $1",
      [tenant.id],
    );
    expect({ events, inferences }).toEqual({ events: inputs.length, inferences: inputs.length });
    expect(await house.drift()).toEqual([]);
    expect(await gateway.stop()).toBe(0);
    await house.close();
    await postgres.drop();
  },
);
