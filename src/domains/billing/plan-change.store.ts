import { z } from "zod";
import { periodOf } from "../../core/period.ts";
import type { Database } from "../../platform/database.ts";
import type { FeeTenure } from "./fee-lines.ts";
import { readTenantBilling, readTenures, type TenantBilling } from "./period-facts.store.ts";

const versionRow = z.object({
  plan_version_id: z.string(),
  plan_name: z.string(),
  version: z.number(),
  flat_fee_micros: z.bigint(),
  currency: z.string(),
  is_self_service: z.boolean(),
});

/** A plan's latest version, as far as a change to it asks. */
export interface OfferedPlan extends Omit<FeeTenure, "startsAt" | "endsAt"> {
  currency: string;
  isSelfService: boolean;
}

/** Reads what a change of plan is reckoned from; changes nothing and locks nobody. */
export class PlanChangeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant and its subscriptions of the running period. Undefined: there is no such tenant. */
  async tenantFacts(tenantId: string): Promise<{ tenant: TenantBilling; tenures: FeeTenure[] } | undefined> {
    return await this.#database.forTenant(tenantId, async (prisma) => {
      const tenant = await readTenantBilling(prisma, tenantId);
      if (tenant === undefined) return undefined;
      return { tenant, tenures: await readTenures(prisma, tenantId, periodOf(tenant.now, tenant.anchorDay)) };
    });
  }

  /** Undefined: there is no plan of that name. Plans belong to the platform. */
  async offeredPlan(name: string): Promise<OfferedPlan | undefined> {
    const [found] = await this.#database.asSystem(
      (prisma) => prisma.$queryRaw<unknown[]>`
        select v.id as plan_version_id, p.name as plan_name, v.version, v.flat_fee_micros, v.currency, p.is_self_service
          from plans p
          join plan_versions v on v.plan_id = p.id
          where p.name = ${name}
          order by v.version desc
          limit 1`,
    );
    if (found === undefined) return undefined;
    const row = versionRow.parse(found);
    return {
      planVersionId: row.plan_version_id,
      planName: row.plan_name,
      planVersion: row.version,
      flatFeeMicros: row.flat_fee_micros,
      currency: row.currency,
      isSelfService: row.is_self_service,
    };
  }
}
