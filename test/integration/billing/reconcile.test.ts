import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ReconciliationStore } from "../../../src/domains/billing/reconciliation.store.ts";
import { reconcile } from "../../../src/edge/cli/billing-commands.ts";
import { type BillingHouse, by, openBillingHouse } from "../../support/billing-house.ts";

let house: BillingHouse;

beforeAll(async () => {
  house = await openBillingHouse();
});

afterAll(async () => {
  await house.close();
});

const issue = async (tenantId: string) => await house.service.issue({ tenantId, wanted: undefined, ...by });

const linesOf = async (month: string): Promise<{ code: number; lines: string[] }> => {
  const lines: string[] = [];
  const code = await reconcile(new ReconciliationStore(house.database), new Date(`${month}-01`), (line) =>
    lines.push(line),
  );
  return { code, lines };
};

describe("reconciling", () => {
  test("finds the books of every tenant in agreement, issued or not, of every month", async () => {
    await house.usedInputs(77n);
    for (const month of ["2026-09", "2026-10", "2026-11"]) {
      const { code, lines } = await linesOf(month);
      expect(lines.filter((line) => !line.startsWith("ok "))).toEqual([
        expect.stringMatching(/^All books agree: \d+ tenants\.$/),
      ]);
      expect(code).toBe(0);
    }
  });

  test.each([
    [
      "an event whose amount was touched",
      "update usage_events set amount_micros = amount_micros + 3 where tenant_id = $1",
      /plv_\S+ inputs {2}?amount: events 5000003, rollup 5000000/,
    ],
    [
      "a rollup that was touched",
      "update usage_hourly set amount_micros = amount_micros - 1 where tenant_id = $1",
      /amount: events 5000000, rollup 4999999/,
    ],
    ["a rollup that was lost", "delete from usage_hourly where tenant_id = $1", /quantity: events 500, rollup 0/],
    [
      "a line whose exact amount was touched",
      "update invoice_lines set amount_micros = amount_micros + 1 where tenant_id = $1",
      /line 1: invoice USAGE .* 500 for 5000001, books USAGE .* 500 for 5000000/,
    ],
    [
      "a line that was rounded wrongly",
      "update invoice_lines set payable_micros = payable_micros + 10000 where tenant_id = $1",
      /rounded amount of line 1: 5010000, and should be 5000000/,
    ],
    ["a line that was lost", "delete from invoice_lines where tenant_id = $1", /line 1: invoice has none, books USAGE/],
    [
      "a total that was touched",
      "update invoices set subtotal_micros = subtotal_micros + 1, total_micros = total_micros + 1 where tenant_id = $1",
      /subtotal: 5000001, and should be 5000000/,
    ],
    [
      "a use of credits that was added",
      "insert into credit_uses select tenant_id, 'cru_x', id, (select id from invoices i where i.tenant_id = g.tenant_id), 5, now() from credit_grants g where tenant_id = $1",
      /credits used: 5, and should be 0/,
    ],
  ])("says which number is wrong after %s", async (_what, damage, finding) => {
    const { tenantId } = await house.usedInputs(500n);
    await issue(tenantId);
    await house.grant(tenantId, 10_000n);
    await house.sql("begin");
    await house.sql("set local session_replication_role = replica");
    await house.sql(damage, [tenantId]);
    await house.sql("commit");
    const { code, lines } = await linesOf("2026-10");
    const at = lines.findIndex((line) => line.includes(tenantId));
    const [own, ...rest] = lines.slice(at);
    const own_ = rest.slice(
      0,
      rest.findIndex((line) => !line.startsWith("    ")),
    );
    expect(own).toMatch(/^DIFFERS/);
    expect(own_.join("\n")).toMatch(finding);
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(/^The books of \d+ of \d+ tenants do not agree\.$/);
    expect(lines.filter((line) => line.startsWith("DIFFERS"))).toEqual([own]);
    await removeBooks(tenantId);
  });
});

// So that the next one finds only its own damage.
async function removeBooks(tenantId: string): Promise<void> {
  await house.sql("set session_replication_role = replica");
  for (const table of [
    "credit_uses",
    "credit_grants",
    "invoice_lines",
    "invoices",
    "usage_events",
    "usage_hourly",
    "subscriptions",
    "tenant_ledgers",
  ]) {
    await house.sql(`delete from ${table} where tenant_id = $1`, [tenantId]);
  }
  await house.sql("delete from tenants where id = $1", [tenantId]);
  await house.sql("set session_replication_role = origin");
}

describe("the run that issues for all", () => {
  test("issues every period that is over, oldest first, closes those without anything, and does nothing twice", async () => {
    const { tenantId, planVersionId } = await house.usedInputs(10n, { since: "2026-08-20" });
    await house.use(tenantId, { planVersionId, quantity: 5n, at: "2026-08-21T10:00:00Z" });
    const running = await house.usedInputs(0n, { since: "2026-11-05" });
    await house.service.issueAllDue("system");
    const rows = await house.sql("select period_starts_at from invoices where tenant_id = $1 order by sequence", [
      tenantId,
    ]);
    expect(rows.map((row) => row.period_starts_at.toISOString().slice(0, 7))).toEqual(["2026-08", "2026-10"]);
    expect(await house.sql("select 1 from invoices where tenant_id = $1", [running.tenantId])).toEqual([]);
    expect(await house.service.issueAllDue("system")).toEqual({ issued: 0, empty: 0, failed: 0 });
  });

  test("goes on with the others when one tenant's books do not agree, and issues that one once they do", async () => {
    const [broken, sound] = [await house.usedInputs(3n), await house.usedInputs(4n)];
    await house.sql("update usage_hourly set quantity = 5 where tenant_id = $1", [broken.tenantId]);
    expect(await house.service.issueAllDue("system")).toEqual({ issued: 1, empty: 0, failed: 1 });
    expect(await house.sql("select 1 from invoices where tenant_id = $1", [sound.tenantId])).toHaveLength(1);
    await house.sql("update usage_hourly set quantity = 3 where tenant_id = $1", [broken.tenantId]);
    expect(await house.service.issueAllDue("system")).toEqual({ issued: 1, empty: 0, failed: 0 });
  });
});
