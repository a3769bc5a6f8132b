import { z } from "zod";
import { type Period, periodOf } from "../../core/period.ts";
import type { Prisma } from "../../platform/database.ts";
import { creditBalances } from "./credit-balances.store.ts";
import type { PeriodFacts } from "./draft.ts";
import type { BillingState } from "./due-period.ts";
import type { FeeTenure } from "./fee-lines.ts";
import { priceColumns, priceOf } from "./price-row.store.ts";
import type { LateGroup, PriceGroup } from "./usage-lines.ts";

/** What is asked of Prisma here: a client, or a transaction that holds the tenant's lock. */
export type Reading = Pick<Prisma, "$queryRaw">;

export interface TenantBilling extends BillingState {
  tenantId: string;
  tenantName: string;
  currency: string;
  taxRatePpm: number;
  /** By the ledger's clock: the one that dates usage. */
  now: Date;
}

const billingRow = z.object({
  name: z.string(),
  currency: z.string(),
  tax_rate_ppm: z.number(),
  billing_anchor_day: z.number(),
  closed_until: z.date().nullable(),
  since: z.date(),
  now: z.date(),
});

/** Undefined: there is no such tenant, or none that the caller's role may see. */
export async function readTenantBilling(prisma: Reading, tenantId: string): Promise<TenantBilling | undefined> {
  const [found] = await prisma.$queryRaw<unknown[]>`
    select t.name, t.currency, t.tax_rate_ppm, t.billing_anchor_day, l.closed_until, tollgate_now() as now,
           least(t.created_at, (select min(h.hour) from usage_hourly h where h.tenant_id = t.id),
                 (select min(s.starts_at) from subscriptions s where s.tenant_id = t.id)) as since
      from tenants t
      join tenant_ledgers l on l.tenant_id = t.id
      where t.id = ${tenantId}`;
  if (found === undefined) return undefined;
  const row = billingRow.parse(found);
  return {
    tenantId,
    tenantName: row.name,
    currency: row.currency,
    taxRatePpm: row.tax_rate_ppm,
    anchorDay: row.billing_anchor_day,
    closedUntil: row.closed_until ?? undefined,
    since: row.since,
    now: row.now,
  };
}

/** Reads all that an invoice of the period is made from. Exact while nobody else writes: under the lock, or when it is closed. */
export async function readPeriodFacts(prisma: Reading, tenant: TenantBilling, period: Period): Promise<PeriodFacts> {
  const { tenantId, currency, taxRatePpm } = tenant;
  // One after the other: within a transaction there is only the one connection.
  const tenures = await readTenures(prisma, tenantId, period);
  const groups = await readGroups(prisma, tenantId, period);
  const late = await readLate(prisma, tenant, period);
  const credits = await creditBalances(prisma, tenantId);
  return { tenantId, currency, taxRatePpm, period, tenures, groups, late, credits };
}

const tenureRow = z.object({
  plan_version_id: z.string(),
  plan_name: z.string(),
  version: z.number(),
  flat_fee_micros: z.bigint(),
  starts_at: z.date(),
  ends_at: z.date().nullable(),
});

export async function readTenures(
  prisma: Reading,
  tenantId: string,
  { startsAt, endsAt }: Period,
): Promise<FeeTenure[]> {
  const rows = await prisma.$queryRaw<unknown[]>`
    select s.plan_version_id, p.name as plan_name, v.version, v.flat_fee_micros, s.starts_at, s.ends_at
      from subscriptions s
      join plan_versions v on v.id = s.plan_version_id
      join plans p on p.id = v.plan_id
      where s.tenant_id = ${tenantId} and s.starts_at < ${endsAt} and (s.ends_at is null or s.ends_at > ${startsAt})
      order by s.starts_at`;
  return rows.map((found) => {
    const row = tenureRow.parse(found);
    return {
      planVersionId: row.plan_version_id,
      planName: row.plan_name,
      planVersion: row.version,
      flatFeeMicros: row.flat_fee_micros,
      startsAt: row.starts_at,
      endsAt: row.ends_at ?? undefined,
    };
  });
}

const groupRow = priceColumns.extend({
  plan_version_id: z.string(),
  plan_name: z.string(),
  version: z.number(),
  meter: z.string(),
  price_model_id: z.string(),
  model_name: z.string().nullable(),
  quantity: z.bigint(),
  amount_micros: z.bigint(),
});

async function readGroups(prisma: Reading, tenantId: string, { startsAt, endsAt }: Period): Promise<PriceGroup[]> {
  const rows = await prisma.$queryRaw<unknown[]>`
    with used as (
      select h.plan_version_id, h.meter, h.price_model_id, sum(h.quantity)::bigint as quantity,
             sum(h.amount_micros)::bigint as amount_micros
        from usage_hourly h
        where h.tenant_id = ${tenantId} and h.hour >= ${startsAt} and h.hour < ${endsAt} and not h.is_late
        group by 1, 2, 3
    )
    select u.*, p.name as plan_name, v.version, m.name as model_name, r.scheme, r.unit_price_micros, r.package_size, r.included,
           r.tiers
      from used u
      join plan_versions v on v.id = u.plan_version_id
      join plans p on p.id = v.plan_id
      left join plan_prices r
        on r.plan_version_id = u.plan_version_id and r.meter = u.meter and r.model_id = u.price_model_id
      left join models m on m.id = u.price_model_id
      order by p.name, v.version, u.meter, m.name nulls first, u.price_model_id`;
  return rows.map((row) => groupOf(groupRow.parse(row)));
}

async function readLate(prisma: Reading, tenant: TenantBilling, { startsAt, endsAt }: Period): Promise<LateGroup[]> {
  // From the events: the rollup does not tell one corrected period from another.
  const rows = await prisma.$queryRaw<unknown[]>`
    with used as (
      select e.period_starts_at, e.plan_version_id, e.meter, e.price_model_id, sum(e.quantity)::bigint as quantity,
             sum(e.amount_micros)::bigint as amount_micros
        from usage_events e
        where e.tenant_id = ${tenant.tenantId} and e.occurred_at >= ${startsAt} and e.occurred_at < ${endsAt} and e.is_late
        group by 1, 2, 3, 4
    )
    select u.*, p.name as plan_name, v.version, m.name as model_name, null as scheme, null as unit_price_micros,
           null as package_size, null as included, null as tiers
      from used u
      join plan_versions v on v.id = u.plan_version_id
      join plans p on p.id = v.plan_id
      left join models m on m.id = u.price_model_id
      order by u.period_starts_at, p.name, v.version, u.meter, m.name nulls first, u.price_model_id`;
  return rows.map((found) => {
    const row = groupRow.extend({ period_starts_at: z.date() }).parse(found);
    return { ...groupOf(row), ofPeriod: periodOf(row.period_starts_at, tenant.anchorDay) };
  });
}

function groupOf(row: z.infer<typeof groupRow>): PriceGroup {
  return {
    planVersionId: row.plan_version_id,
    planName: row.plan_name,
    planVersion: row.version,
    meter: row.meter,
    priceModelId: row.price_model_id,
    modelName: row.model_name ?? undefined,
    price: priceOf(row, row.meter),
    quantity: row.quantity,
    amountMicros: row.amount_micros,
  };
}
