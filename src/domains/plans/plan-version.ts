import type { Prisma } from "../../platform/database.ts";

/** The plan that a tenant is on when nobody chose another. */
export const defaultPlanName = "standard";

/** The version of a plan that a new subscription gets: its latest. Undefined: there is no plan of that name. */
export async function currentPlanVersionId(
  prisma: Pick<Prisma, "planVersion">,
  planName: string,
): Promise<string | undefined> {
  const version = await prisma.planVersion.findFirst({
    where: { plan: { name: planName } },
    orderBy: { version: "desc" },
    select: { id: true },
  });
  return version?.id;
}
