import type { Micros } from "../../core/money.ts";
import type { Database } from "../../platform/database.ts";

/** A plan as it is on offer now: its latest version. */
export interface Plan {
  id: string;
  name: string;
  version: number;
  currency: string;
  quotas: { meter: string; quantity: number }[];
  prices: { meter: string; unitPriceMicros: Micros }[];
  createdAt: Date;
}

export class PlanStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The plans on offer, by name. Plans belong to the platform, so there is no tenant to name. */
  async offered(): Promise<Plan[]> {
    return await this.#read({});
  }

  async find(id: string): Promise<Plan | undefined> {
    const [plan] = await this.#read({ id });
    return plan;
  }

  async #read(where: { id?: string }): Promise<Plan[]> {
    const plans = await this.#database.asSystem((prisma) =>
      prisma.plan.findMany({
        where,
        orderBy: { name: "asc" },
        include: {
          versions: {
            orderBy: { version: "desc" },
            take: 1,
            include: {
              limits: { where: { kind: "QUOTA", appliesTo: "TENANT" }, orderBy: { meter: "asc" } },
              prices: { orderBy: { meter: "asc" } },
            },
          },
        },
      }),
    );
    return plans.flatMap(({ versions, ...plan }) =>
      versions.map(({ version, currency, limits, prices }) => ({
        id: plan.id,
        name: plan.name,
        version,
        currency,
        quotas: limits.map(({ meter, quantity }) => ({ meter: meter ?? "", quantity: Number(quantity) })),
        prices: prices.map(({ meter, unitPriceMicros }) => ({ meter, unitPriceMicros })),
        createdAt: plan.createdAt,
      })),
    );
  }
}
