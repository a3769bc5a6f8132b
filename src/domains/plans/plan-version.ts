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

/** The version that a tenant is put on when nobody chose a plan. */
export async function defaultPlanVersionId(prisma: Pick<Prisma, "planVersion">): Promise<string> {
  const id = await currentPlanVersionId(prisma, defaultPlanName);
  if (id !== undefined) return id;
  throw new Error(`The plan ${defaultPlanName} is missing. The migrations make it; it must not be deleted.`);
}
