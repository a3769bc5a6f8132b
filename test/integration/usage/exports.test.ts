import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageSeedStore } from "../../../src/domains/usage/usage-seed.store.ts";
import { seededHours } from "../../../src/domains/usage/usage-seed.ts";
import { type Database, openDatabase } from "../../../src/platform/database.ts";
import { eventually } from "../../support/eventually.ts";
import { csvRows, fetchExport } from "../../support/exports-client.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;
let database: Database;
let tenant: TestTenant;

// More than what the sockets of a machine hold for a reader who does not read.
const events = 60_000;
const now = new Date();
const monthStart = (ahead: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
/** Two months that are over. */
const period = { startsAt: monthStart(-2), endsAt: monthStart(0) };
const asked = { startsAt: period.startsAt.toISOString(), endsAt: period.endsAt.toISOString() };

beforeAll(async () => {
  gateway = await startTestGateway();
  database = await openDatabase(gateway.databaseUrl, 60_000);
  tenant = await gateway.createTenant();
  const store = new UsageSeedStore(database);
  const seeded = await store.find(tenant.id);
  if (seeded === undefined) throw new Error("there is no tenant");
  await store.makeMonths(period);
  await store.insert(seeded, seededHours(period, events));
});

afterAll(async () => {
  await database.close();
  await gateway.close();
});

const textOf = async (file: "usage.csv" | "usage-events.csv", parameters: Record<string, string> = asked) => {
  const response = await fetchExport(tenant.key, file, parameters);
  expect(response.status).toBe(200);
  return await response.text();
};

describe("the export of events", () => {
  test("has every event of the period once, oldest first, and adds up to the report to the micro-unit", async () => {
    const rows = csvRows(await textOf("usage-events.csv"));
    expect(new Set(rows.map((row) => row["id"])).size).toBe(events);
    const times = rows.map((row) => `${row["occurredAt"]}${row["id"]}`);
    expect(times).toEqual([...times].sort());
    const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
    const query = `query($input: UsageReportInput!) { usage(input: $input) { total { meter quantity amount } } }`;
    const report = await tenant.owner.ask(query, { input: asked });
    expect(report.data.usage.total).toEqual([
      { meter: "inputs", quantity: sum("quantity"), amount: String(sum("amountMicros")) },
    ]);
  });

  test("of a period that is over is the same bytes whenever it is asked for, whatever is used meanwhile", async () => {
    const first = await textOf("usage-events.csv");
    await tenant.key.infer({ model: "digits", inputs: [greySquare] });
    expect(await textOf("usage-events.csv")).toBe(first);
    expect(await textOf("usage.csv", { ...asked, groupBy: "MODEL,API_KEY", interval: "HOUR" })).toBe(
      await textOf("usage.csv", { ...asked, groupBy: "MODEL,API_KEY", interval: "HOUR" }),
    );
  });

  test("gives what a caller wrote as text, and no formula", async () => {
    const key = `=HYPERLINK("http://x","y")`;
    const startsAt = new Date(Date.now() - 60_000).toISOString();
    await tenant.key.infer({ model: "digits", inputs: [greySquare], idempotencyKey: key });
    const text = await textOf("usage-events.csv", { startsAt, endsAt: new Date(Date.now() + 60_000).toISOString() });
    expect(text).toContain(`,"'=HYPERLINK(""http://x"",""y"")",`);
  });

  test("shows nothing of another tenant", async () => {
    const stranger = await gateway.createTenant("Rival");
    const text = await (await fetchExport(stranger.key, "usage-events.csv", asked)).text();
    expect(text.trimEnd().split("\r\n")).toHaveLength(1);
  });
});

describe("the export of a report", () => {
  test("has the rows of the report, and more than the report may have", async () => {
    const query = `query($input: UsageReportInput!) {
      usage(input: $input) { rows { startsAt endsAt apiKey { id } model { id } meter quantity amount } }
    }`;
    const input = { ...asked, groupBy: ["API_KEY", "MODEL"], interval: "DAY" };
    const report = (await tenant.owner.ask(query, { input })).data.usage.rows;
    const rows = csvRows(await textOf("usage.csv", { ...asked, groupBy: "API_KEY,MODEL", interval: "DAY" }));
    expect(rows).toHaveLength(report.length);
    expect(rows).toEqual(
      report.map(
        (
          row: { startsAt: string; endsAt: string; apiKey: { id: string }; model: { id: string } } & Record<
            string,
            unknown
          >,
        ) => ({
          startsAt: new Date(row.startsAt).toISOString(),
          endsAt: new Date(row.endsAt).toISOString(),
          modelId: row.model.id,
          modelVersionId: "",
          apiKeyId: row.apiKey.id,
          meter: row["meter"],
          quantity: String(row["quantity"]),
          amountMicros: row["amount"],
        }),
      ),
    );
  });
});

describe("a caller who leaves", () => {
  test("stops the query: no session goes on for it, and its place is free again", async () => {
    const sessions = async () =>
      (
        await gateway.sql(
          "select 1 from pg_stat_activity where datname = current_database() and usename = 'tollgate_app' and xact_start is not null",
        )
      ).length;
    for (let i = 0; i < 6; i++) {
      const leaving = new AbortController();
      const response = await fetchExport(tenant.key, "usage-events.csv", asked, leaving.signal);
      const reader = response.body?.getReader();
      await reader?.read();
      expect(await sessions()).toBeGreaterThanOrEqual(1);
      leaving.abort();
      await eventually(async () => (await sessions()) === 0, { withinMs: 5_000, what: "the query to stop" });
    }
    await textOf("usage-events.csv");
  });

  test("and does not read holds no more than a few pieces in the gateway, and the fifth such is OVERLOADED", async () => {
    const leaving = new AbortController();
    const slow = await Promise.all(
      Array.from({ length: 4 }, () => fetchExport(tenant.key, "usage-events.csv", asked, leaving.signal)),
    );
    const fifth = await fetchExport(tenant.key, "usage-events.csv", asked);
    expect(fifth.status).toBe(503);
    expect(fifth.headers.get("retry-after")).toBe("10");
    expect(await fifth.json()).toMatchObject({ errors: [{ extensions: { code: "OVERLOADED", retryable: true } }] });
    expect(slow.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    leaving.abort();
    const one = { startsAt: asked.startsAt, endsAt: new Date(period.startsAt.getTime() + 1).toISOString() };
    await eventually(async () => (await fetchExport(tenant.key, "usage-events.csv", one)).status === 200, {
      withinMs: 10_000,
      what: "a place to be free again",
    });
  });
});

describe("an export is refused", () => {
  test.each([
    ["without a credential", "nobody", asked, 401, "UNAUTHENTICATED"],
    ["to an operator", "operator", asked, 403, "FORBIDDEN"],
    ["to a key that may not see usage", "powerless", asked, 403, "FORBIDDEN"],
    ["for no period", "key", {}, 400, "INVALID_INPUT"],
    [
      "for a period that ends before it starts",
      "key",
      { startsAt: asked.endsAt, endsAt: asked.startsAt },
      400,
      "INVALID_INPUT",
    ],
    ["for a grouping that there is not", "key", { ...asked, groupBy: "MOOD" }, 400, "INVALID_INPUT"],
    ["for what it does not know", "key", { ...asked, format: "xls" }, 400, "INVALID_INPUT"],
  ])("%s", async (...[, who, parameters, status, code]) => {
    const clients = {
      nobody: () => gateway.client(),
      key: () => tenant.key,
      operator: () => gateway.createOperator(),
      powerless: async () => {
        const issued = await tenant.owner.ask(
          "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }",
          { input: { name: "powerless", permissions: ["models:read"] } },
        );
        return gateway.client(issued.data.issueApiKey.secret);
      },
    };
    const client = await clients[who as keyof typeof clients]();
    const response = await fetchExport(client, "usage.csv", parameters as Record<string, string>);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  });
});
