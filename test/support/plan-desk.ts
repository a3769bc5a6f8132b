import { newId } from "../../src/core/ids.ts";
import type { LedgerHouse } from "./ledger-house.ts";

/** A limit as a row of a plan or of a tenant; what is left out is the table's default. */
export interface LimitRow {
  kind: string;
  quantity: number;
  meter?: string;
  period?: string;
  mode?: string;
  modelId?: string;
  refillMicros?: number;
  appliesTo?: string;
}

/** A quota of inputs over the billing period, unless told otherwise. */
export function quotaRow(quantity: number, rest: Partial<LimitRow> = {}): LimitRow {
  return { kind: "QUOTA", meter: "inputs", period: "BILLING_PERIOD", quantity, ...rest };
}

export interface PriceRow {
  meter?: string;
  modelId?: string;
  scheme?: string;
  unitPriceMicros?: number;
  packageSize?: number;
  included?: number;
  tiers?: object[];
}

export type PlanDesk = ReturnType<typeof openPlanDesk>;

/** Plans, limits and tenants on them, written straight into the tables. */
export function openPlanDesk(sql: LedgerHouse["sql"]) {
  return {
    /** A version of a plan of its own. An input costs 250 micros where no price is given. */
    createPlan: (terms: { prices?: PriceRow[]; limits: LimitRow[] }) => createPlan(sql, terms),

    async createTenant(terms: { prices?: PriceRow[]; limits: LimitRow[]; anchorDay?: number }): Promise<string> {
      const tenant = newId("tenant");
      const planVersionId = await createPlan(sql, terms);
      await sql("insert into tenants (id, name, currency, billing_anchor_day) values ($1, $1, 'EUR', $2)", [
        tenant,
        terms.anchorDay ?? 1,
      ]);
      await sql("insert into subscriptions (id, tenant_id, plan_version_id) values ($1, $2, $3)", [
        newId("subscription"),
        tenant,
        planVersionId,
      ]);
      return tenant;
    },

    async setTenantLimit(tenant: string, limit: LimitRow, { replacesPlan = false } = {}): Promise<string> {
      const id = newId("limit");
      await sql(
        `insert into tenant_limits (tenant_id, id, replaces_plan, kind, mode, meter, model_id, period, quantity, refill_micros, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'test')`,
        [tenant, id, replacesPlan, ...valuesOf(limit)],
      );
      return id;
    },
  };
}

async function createPlan(
  sql: LedgerHouse["sql"],
  { prices = [{}], limits }: { prices?: PriceRow[]; limits: LimitRow[] },
): Promise<string> {
  const id = newId("planVersion");
  const plan = newId("plan");
  await sql("insert into plans (id, name) values ($1, $1)", [plan]);
  await sql("insert into plan_versions (id, plan_id, version, currency) values ($1, $2, 1, 'EUR')", [id, plan]);
  for (const price of prices) {
    const { meter = "inputs", modelId = "", scheme = "PER_UNIT", packageSize = null, included = 0, tiers = [] } = price;
    await sql(
      `insert into plan_prices (plan_version_id, meter, model_id, scheme, unit_price_micros, package_size, included, tiers)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, meter, modelId, scheme, price.unitPriceMicros ?? 250, packageSize, included, JSON.stringify(tiers)],
    );
  }
  for (const limit of limits) {
    await sql(
      `insert into plan_limits (id, plan_version_id, applies_to, kind, mode, meter, model_id, period, quantity, refill_micros)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [newId("limit"), id, limit.appliesTo ?? "TENANT", ...valuesOf(limit)],
    );
  }
  return id;
}

function valuesOf(limit: LimitRow): unknown[] {
  const { kind, quantity, meter = null, period = null, mode = "HARD", modelId = "", refillMicros = null } = limit;
  return [kind, mode, meter, modelId, period, quantity, refillMicros];
}
