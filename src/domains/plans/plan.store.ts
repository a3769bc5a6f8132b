import { newId } from "../../core/ids.ts";
import type { Micros } from "../../core/money.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { limitOfRow, type PlanLimit, type PlanPrice, priceOfRow } from "./plan-rows.store.ts";
import type { PlanTerms, PriceTerms } from "./plan-terms.ts";

/** A plan in one of its versions: the latest, unless another was asked for. */
export interface Plan {
  id: string;
  name: string;
  version: number;
  versionId: string;
  currency: string;
  flatFeeMicros: Micros;
  isSelfService: boolean;
  prices: PlanPrice[];
  limits: PlanLimit[];
  createdAt: Date;
  versionCreatedAt: Date;
}

interface Making {
  name: string;
  terms: PlanTerms;
  actorId: string;
  requestId: string | undefined;
}

export type VersionMaking =
  | { outcome: "MADE"; plan: Plan }
  | { outcome: "NO_SUCH_PLAN" }
  | { outcome: "CHANGED_MEANWHILE"; version: number };

type Transaction = Pick<
  Prisma,
  "plan" | "planVersion" | "planPrice" | "planLimit" | "auditEvent" | "$queryRaw" | "$executeRaw"
>;

export class PlanStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The plans on offer, by name. Plans belong to the platform, so there is no tenant to name. */
  async offered(): Promise<Plan[]> {
    return await this.#database.asSystem((prisma) => read(prisma, {}));
  }

  async find(id: string): Promise<Plan | undefined> {
    return (await this.#database.asSystem((prisma) => read(prisma, { id })))[0];
  }

  /** The plan as it is in these versions, by version. */
  async byVersion(versionIds: string[]): Promise<Map<string, Plan>> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.planVersion.findMany({ where: { id: { in: versionIds } }, include: { ...whole, plan: true } }),
    );
    return new Map(rows.map(({ plan, ...version }) => [version.id, toPlan(plan, version)]));
  }

  /** The versions of the plan of that name, the latest first. None: there is no such plan. */
  async versionsOf(name: string, first: number): Promise<Plan[]> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.planVersion.findMany({
        where: { plan: { name } },
        orderBy: { version: "desc" },
        take: first,
        include: { ...whole, plan: true },
      }),
    );
    return rows.map(({ plan, ...version }) => toPlan(plan, version));
  }

  /** Undefined: there is a plan of that name. Of two that make it at once, the second waits for the first and is told so. */
  async create(making: Making & { isSelfService: boolean }): Promise<Plan | undefined> {
    const id = newId("plan");
    return await this.#inTransaction(async (transaction) => {
      const made = await transaction.$executeRaw`
        insert into plans (id, name, is_self_service) values (${id}, ${making.name}, ${making.isSelfService})
          on conflict (name) do nothing`;
      if (made === 0) return undefined;
      return await addVersion(transaction, { ...making, planId: id, version: 1 });
    });
  }

  /** Locks the plan, so that of two who add a version at once the second sees that of the first. */
  async addVersion({ basedOn, ...making }: Making & { basedOn: number }): Promise<VersionMaking> {
    return await this.#inTransaction(async (transaction) => {
      const [plan] = await transaction.$queryRaw<{ id: string; version: number }[]>`
        select p.id, (select max(v.version) from plan_versions v where v.plan_id = p.id) as version
          from plans p
          where p.name = ${making.name}`;
      if (plan === undefined) return { outcome: "NO_SUCH_PLAN" };
      await transaction.$executeRaw`select pg_advisory_xact_lock(72707374, hashtext(${plan.id}))`;
      const latest = await transaction.planVersion.aggregate({ where: { planId: plan.id }, _max: { version: true } });
      const version = latest._max.version ?? 0;
      if (version !== basedOn) return { outcome: "CHANGED_MEANWHILE", version };
      return {
        outcome: "MADE",
        plan: await addVersion(transaction, { ...making, planId: plan.id, version: version + 1 }),
      };
    });
  }

  async #inTransaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await this.#database.asSystem((prisma) => prisma.$transaction(work));
  }
}

const ascending = "asc" as const;
const whole = {
  limits: { orderBy: [{ kind: ascending }, { meter: ascending }, { id: ascending }] },
  prices: { orderBy: [{ meter: ascending }, { modelId: ascending }] },
};

async function read(prisma: Pick<Prisma, "plan">, where: { id?: string }): Promise<Plan[]> {
  const plans = await prisma.plan.findMany({
    where,
    orderBy: { name: "asc" },
    include: { versions: { orderBy: { version: "desc" }, take: 1, include: whole } },
  });
  return plans.flatMap(({ versions, ...plan }) => versions.map((version) => toPlan(plan, version)));
}

async function addVersion(
  transaction: Transaction,
  { planId, version, terms, ...making }: Making & { planId: string; version: number },
): Promise<Plan> {
  const planVersionId = newId("planVersion");
  const { currency, flatFeeMicros } = terms;
  await transaction.planVersion.create({
    data: { id: planVersionId, planId, version, currency, flatFeeMicros, createdBy: making.actorId },
  });
  await transaction.planPrice.createMany({
    data: terms.prices.map((price) => ({ planVersionId, ...priceRow(price) })),
  });
  await transaction.planLimit.createMany({
    data: terms.limits.map((limit) => ({
      id: newId("limit"),
      planVersionId,
      ...limit,
      meter: limit.meter ?? null,
      period: limit.period ?? null,
      refillMicros: limit.refillMicros ?? null,
    })),
  });
  await recordAuditEvent(transaction, {
    tenantId: undefined,
    actorId: making.actorId,
    action: "plan.version_created",
    subjectId: planId,
    details: { name: making.name, version },
    requestId: making.requestId,
  });
  const [plan] = await read(transaction, { id: planId });
  if (plan === undefined) throw new Error(`the plan ${planId} was made and is not there`);
  return plan;
}

// Numbers as text: JSON's readers do not keep all of them.
function priceRow({ tiers, packageSize, ...price }: PriceTerms) {
  return {
    ...price,
    packageSize: packageSize ?? null,
    tiers: tiers.map(({ upTo, unitPriceMicros, flatMicros }) => ({
      upTo: upTo === undefined ? null : String(upTo),
      unitPriceMicros: String(unitPriceMicros),
      flatMicros: String(flatMicros),
    })),
  };
}

interface PlanRow {
  id: string;
  name: string;
  isSelfService: boolean;
  createdAt: Date;
}

interface VersionRow {
  id: string;
  version: number;
  currency: string;
  flatFeeMicros: bigint;
  createdAt: Date;
  prices: Parameters<typeof priceOfRow>[0][];
  limits: Parameters<typeof limitOfRow>[0][];
}

function toPlan({ id, name, isSelfService, createdAt }: PlanRow, of: VersionRow): Plan {
  const { version, currency, flatFeeMicros, prices, limits } = of;
  return {
    id,
    name,
    version,
    versionId: of.id,
    currency,
    flatFeeMicros,
    isSelfService,
    prices: prices.map(priceOfRow),
    limits: limits.map(limitOfRow),
    createdAt,
    versionCreatedAt: of.createdAt,
  };
}
