import type { Prisma } from "../../platform/database.ts";

/** The plan that a tenant is on when nobody chose another. */
export const defaultPlanName = "standard";

export interface LatestTerms {
  planVersionId: string;
  currency: string;
  isSelfService: boolean;
}

/** The version of a plan that a new subscription gets: its latest. Undefined: there is no plan of that name. */
export async function latestTerms(
  prisma: Pick<Prisma, "planVersion">,
  planName: string,
): Promise<LatestTerms | undefined> {
  const version = await prisma.planVersion.findFirst({
    where: { plan: { name: planName } },
    orderBy: { version: "desc" },
    select: { id: true, currency: true, plan: { select: { isSelfService: true } } },
  });
  if (version === null) return undefined;
  return { planVersionId: version.id, currency: version.currency, isSelfService: version.plan.isSelfService };
}
