import { newId } from "../../core/ids.ts";
import type { Prisma } from "../../platform/database.ts";

/**
 * Points `stable` at a version, where the model has no such alias. An alias stays where somebody pointed it; only the
 * first version that a model can answer with becomes stable by itself, so that the model can be asked at all.
 */
export async function addFirstAlias(
  prisma: Pick<Prisma, "alias" | "aliasTarget" | "aliasRevision">,
  first: { modelId: string; tenantId: string | null; versionId: string; actorId: string },
): Promise<void> {
  const { modelId, tenantId, versionId, actorId } = first;
  if ((await prisma.alias.findFirst({ where: { modelId, name: "stable" } })) !== null) return;
  const alias = await prisma.alias.create({ data: { id: newId("alias"), tenantId, modelId, name: "stable" } });
  const target = { modelVersionId: versionId, weight: 100, sampleRate: 1 };
  await prisma.aliasTarget.create({ data: { aliasId: alias.id, tenantId, ...target } });
  await prisma.aliasRevision.create({
    data: {
      id: newId("aliasRevision"),
      tenantId,
      aliasId: alias.id,
      revision: 1,
      targets: [target],
      cause: "FIRST_VERSION",
      actorId,
    },
  });
}
