import pg from "pg";
import { newId } from "../../src/core/ids.ts";
import { periodOf } from "../../src/core/period.ts";
import { CorrectionsStore } from "../../src/domains/billing/corrections.store.ts";
import { CreditStore } from "../../src/domains/billing/credit.store.ts";
import { InvoiceStore } from "../../src/domains/billing/invoice.store.ts";
import { InvoicesService } from "../../src/domains/billing/invoices.service.ts";
import { IssueStore } from "../../src/domains/billing/issue.store.ts";
import { meterScale } from "../../src/domains/billing/quantities.ts";
import { UsageSumsStore } from "../../src/domains/billing/usage-sums.store.ts";
import { type Price, ratedCost } from "../../src/domains/plans/rating.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

export const terms = {
  seller: { name: "Models GmbH", address: "Hafenstr. 1\n20457 Hamburg", taxId: "DE123456789" },
  graceMs: 3_600_000,
  dueDays: 14,
};

export const october = { startsAt: new Date("2026-10-01"), endsAt: new Date("2026-11-01") };
export const by = { actorId: "usr_operator", requestId: undefined };

export const centPrice = { scheme: "PER_UNIT" as const, unitPriceMicros: 10_000n };

export interface TestPrice extends Partial<Omit<Price, "scale">> {
  meter?: string;
  modelId?: string;
}

export interface Usage {
  planVersionId: string;
  quantity: bigint;
  at: string;
  meter?: string;
  modelId?: string;
  priceModelId?: string;
  /** For a correction of another period: when the usage was that it takes back. */
  lateOf?: string;
}

interface TenantOptions {
  currency?: string;
  taxRatePpm?: number;
  anchorDay?: number;
  since?: string;
}

export type BillingHouse = Awaited<ReturnType<typeof openBillingHouse>>;

/**
 * The books of tenants in the past, on a database of its own. Usage is written as the charge would have written it at that
 * time: events with telescoping amounts, and their rollup.
 */
export async function openBillingHouse(given?: TestDatabase) {
  const test = given ?? (await createTestDatabase());
  const database = await openDatabase(test.url);
  const owner = new pg.Client({ connectionString: test.url });
  await owner.connect();
  const sql = async (text: string, values: unknown[] = []) => (await owner.query(text, values)).rows;
  const setNow = async (now: string) => {
    const body = `select timestamptz ${pg.escapeLiteral(now)}`;
    await sql(`create or replace function tollgate_now() returns timestamptz language sql volatile as $$ ${body} $$`);
  };
  const runFrom = async (start: Date) => {
    const shiftMs = Math.round(start.getTime() - Date.now());
    const body = `select clock_timestamp() + interval '${shiftMs} milliseconds'`;
    await sql(`create or replace function tollgate_now() returns timestamptz language sql volatile as $$ ${body} $$`);
  };
  const serviceWith = (changed: Partial<typeof terms>) =>
    new InvoicesService({
      issue: new IssueStore(database),
      corrections: new CorrectionsStore(database),
      sums: new UsageSumsStore(database),
      terms: { ...terms, ...changed },
      logger: createLogger("silent"),
    });
  if (given === undefined) await setNow("2026-11-24T09:00:00Z");
  const prices = new Map<string, Price>();
  const reached = new Map<string, bigint>();

  const createPlan = async (options: { currency?: string; fee?: bigint; name?: string; prices: TestPrice[] }) => {
    const id = newId("planVersion");
    const planId = newId("plan");
    await sql("insert into plans (id, name) values ($1, $2)", [planId, options.name ?? planId]);
    await sql(
      "insert into plan_versions (id, plan_id, version, currency, flat_fee_micros) values ($1, $2, 1, $3, $4)",
      [id, planId, options.currency ?? "EUR", options.fee ?? 0n],
    );
    for (const { meter = "inputs", modelId = "", ...given_ } of options.prices) {
      const price: Price = { ...plainPrice, ...given_, scale: meterScale(meter) };
      prices.set([id, meter, modelId].join(" "), price);
      await sql(
        `insert into plan_prices (plan_version_id, meter, model_id, scheme, unit_price_micros, package_size, included, tiers)
           values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          ...[id, meter, modelId, price.scheme, price.unitPriceMicros],
          price.scheme === "PACKAGE" ? price.packageSize : null,
          price.included,
          JSON.stringify(price.tiers, tierJson),
        ],
      );
    }
    return id;
  };

  const use = async (tenantId: string, usage: Usage): Promise<void> => {
    const { planVersionId, quantity, meter = "inputs", modelId = "mod_test", priceModelId = "" } = usage;
    const [tenant] = await sql("select billing_anchor_day from tenants where id = $1", [tenantId]);
    const period = periodOf(new Date(usage.lateOf ?? usage.at), tenant?.billing_anchor_day ?? 1);
    const group = [planVersionId, meter, priceModelId].join(" ");
    const price = prices.get(group);
    const counted = `${tenantId} ${period.startsAt.toISOString()} ${group}`;
    const before = reached.get(counted) ?? 0n;
    reached.set(counted, before + quantity);
    const amount = price === undefined ? 0n : ratedCost(price, before + quantity) - ratedCost(price, before);
    const isLate = usage.lateOf !== undefined;
    const id = newId("usageEvent");
    await sql("select make_usage_month(date_trunc('month', $1::timestamptz at time zone 'UTC')::date)", [usage.at]);
    const values = [tenantId, usage.at, meter, quantity, amount, planVersionId, priceModelId, modelId, isLate];
    await sql(
      `insert into usage_events (tenant_id, id, occurred_at, meter, quantity, amount_micros, plan_version_id, price_model_id,
                                 model_id, is_late, period_starts_at, reverses_id, inference_id, model_version_id, api_key_id)
         values ($1, $10, $2, $3, $4, $5, $6, $7, $8, $9, $11, $12, 'inf_test', 'mdv_test', 'key_test')`,
      [...values, id, period.startsAt, quantity < 0n ? "use_test" : null],
    );
    await sql(
      `insert into usage_hourly as h (tenant_id, hour, meter, quantity, amount_micros, plan_version_id, price_model_id, model_id,
                                      is_late, model_version_id, api_key_id, events)
         values ($1, date_trunc('hour', $2::timestamptz, 'UTC'), $3, $4, $5, $6, $7, $8, $9, $8, 'key_test', 1)
         on conflict (tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id, is_late)
           do update set quantity = h.quantity + excluded.quantity, amount_micros = h.amount_micros + excluded.amount_micros,
                         events = h.events + 1`,
      values,
    );
  };

  const createTenant = async (options: TenantOptions = {}): Promise<string> => {
    const id = newId("tenant");
    await sql(
      `insert into tenants (id, name, created_at, currency, tax_rate_ppm, billing_anchor_day) values ($1, $2, $3, $4, $5, $6)`,
      [
        ...[id, "Acme", options.since ?? "2026-10-01T00:00:00Z", options.currency ?? "EUR"],
        ...[options.taxRatePpm ?? 0, options.anchorDay ?? 1],
      ],
    );
    return id;
  };

  const subscribe = async (tenantId: string, planVersionId: string, from = "2026-10-01", to?: string) => {
    await sql(
      "insert into subscriptions (id, tenant_id, plan_version_id, starts_at, ends_at) values ($1, $2, $3, $4, $5)",
      [newId("subscription"), tenantId, planVersionId, from, to ?? null],
    );
  };

  return {
    url: test.url,
    database,
    sql,
    createPlan,
    use,
    /** Sets the ledger's clock, of this database alone. */
    setNow,
    /** Lets it run on from a moment, as fast as the real one. */
    runFrom,
    invoices: new InvoiceStore(database),
    credits: new CreditStore(database),
    serviceWith,
    service: serviceWith({}),
    createTenant,
    subscribe,
    /** A tenant that used so many inputs on one day of October, a cent each. */
    async usedInputs(quantity: bigint, options: TenantOptions = {}) {
      const planVersionId = await createPlan({ prices: [centPrice] });
      const tenantId = await createTenant(options);
      await subscribe(tenantId, planVersionId);
      if (quantity > 0n) await use(tenantId, { planVersionId, quantity, at: "2026-10-10T10:00:00Z" });
      return { tenantId, planVersionId };
    },
    async grant(
      tenantId: string,
      amountMicros: bigint,
      rest: { priority?: number; expiresAt?: Date } = {},
    ): Promise<string> {
      const id = newId("creditGrant");
      await sql(
        `insert into credit_grants (tenant_id, id, amount_micros, currency, priority, expires_at, reason, granted_at, granted_by)
           values ($1, $2, $3, (select currency from tenants where id = $1), $4, $5, 'test', now(), 'usr_operator')`,
        [tenantId, id, amountMicros, rest.priority ?? 50, rest.expiresAt ?? null],
      );
      return id;
    },
    async close(): Promise<void> {
      await owner.end();
      await database.close();
      if (given === undefined) await test.drop();
    },
  };
}

const plainPrice: Price = {
  scheme: "PER_UNIT",
  unitPriceMicros: 0n,
  packageSize: 1n,
  included: 0n,
  tiers: [],
  scale: 1n,
};

// A bigint as JSON's number; an end that is not there as null.
function tierJson(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return typeof value === "bigint" ? Number(value) : value;
  }
  return "unitPriceMicros" in value && !("upTo" in value && value.upTo !== undefined)
    ? { ...value, upTo: null }
    : value;
}
