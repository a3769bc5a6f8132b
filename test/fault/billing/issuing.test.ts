import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ReconciliationStore } from "../../../src/domains/billing/reconciliation.store.ts";
import { OperatorsService } from "../../../src/domains/users/operators.service.ts";
import { Passwords } from "../../../src/domains/users/passwords.ts";
import { UserStore } from "../../../src/domains/users/user.store.ts";
import { type BillingHouse, openBillingHouse } from "../../support/billing-house.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { signInAt } from "../../support/people.ts";

let house: BillingHouse;

beforeEach(async () => {
  house = await openBillingHouse();
});

afterEach(async () => {
  GatewayProcess.killAll();
  await house.close();
});

const months = ["2026-08", "2026-09", "2026-10"];
const countInvoices = async () => Number((await house.sql("select count(*) from invoices"))[0]?.count);

/** Every tenant has one invoice for each month, numbered from 1, and its books agree. */
async function expectWholeBooks(tenantIds: string[]): Promise<void> {
  for (const tenantId of tenantIds) {
    const rows = await house.sql(
      "select sequence, period_starts_at from invoices where tenant_id = $1 order by sequence",
      [tenantId],
    );
    expect(rows.map((row) => [row.sequence, row.period_starts_at.toISOString().slice(0, 7)])).toEqual(
      months.map((month, index) => [index + 1, month]),
    );
    for (const month of months) {
      const books = await new ReconciliationStore(house.database).reconcile(tenantId, new Date(`${month}-01`));
      expect(books?.differences).toEqual([]);
    }
  }
  const [credits] = await house.sql(
    "select coalesce(sum(u.amount_micros), 0) = (select sum(credits_micros) from invoices) as agree from credit_uses u",
  );
  expect(credits?.agree).toBe(true);
}

async function usedForThreeMonths(count: number): Promise<string[]> {
  const tenantIds: string[] = [];
  for (let made = 0; made < count; made++) {
    const { tenantId, planVersionId } = await house.usedInputs(40n, { since: "2026-08-15", taxRatePpm: 190_000 });
    for (const month of ["08", "09"]) {
      await house.use(tenantId, { planVersionId, quantity: 30n, at: `2026-${month}-20T10:00:00Z` });
    }
    await house.grant(tenantId, 500_000n);
    tenantIds.push(tenantId);
  }
  return tenantIds;
}

test("a run that is killed again and again leaves whole invoices, and the next one goes on to the end", async () => {
  const tenantIds = await usedForThreeMonths(40);
  const environment = { DATABASE_URL: house.url };
  for (const least of [5, 40, 80]) {
    const run = GatewayProcess.launch(["billing", "issue"], environment);
    await eventually(async () => (await countInvoices()) >= least, { withinMs: 90_000, what: `${least} invoices` });
    const gone = once(run, "exit");
    run.kill("SIGKILL");
    await gone;
  }
  expect(await countInvoices()).toBeLessThan(120);
  const last = await GatewayProcess.run(["billing", "issue"], environment);
  expect(last.output).toMatch(/^\d+ invoices issued, 0 periods closed with nothing to bill, 0 tenants failed\.$/m);
  expect(last.code).toBe(0);
  await expectWholeBooks(tenantIds);
});

test("two gateways that are asked for the same invoices at once issue each once, and answer with the same one", async () => {
  const tenantIds = await usedForThreeMonths(8);
  const operator = { email: "op@operators.example", password: "" };
  const operators = new OperatorsService(new UserStore(house.database), new Passwords());
  ({ password: operator.password } = await operators.createOperator({ email: operator.email }));
  const gateways = [
    await GatewayProcess.start({ DATABASE_URL: house.url }),
    await GatewayProcess.start({ DATABASE_URL: house.url }),
  ];
  const clients = await Promise.all(gateways.map(async ({ url }) => (await signInAt(url, operator)).client));
  for (const month of months) {
    const asked = tenantIds.flatMap((tenantId) =>
      [...clients, ...clients].map(async (client) => {
        const answer = await client.ask("mutation($input: IssueInvoiceInput!) { issueInvoice(input: $input) { id } }", {
          input: { tenantId, at: `${month}-20T00:00:00Z` },
        });
        return [tenantId, answer.data.issueInvoice.id];
      }),
    );
    const answered = new Set((await Promise.all(asked)).map((one) => one.join(" ")));
    expect(answered.size).toBe(tenantIds.length);
  }
  await expectWholeBooks(tenantIds);
});
