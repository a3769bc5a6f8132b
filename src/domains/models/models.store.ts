import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import type { Model } from "./model.ts";

/** What is registered for a version of a platform model. */
export interface NewVersion {
  name: string;
  description: string;
  task: string;
  version: number;
  digest: string;
  manifest: Manifest;
}

export class ModelsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Every platform model with its versions and aliases. */
  async platformModels(): Promise<Model[]> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.model.findMany({
        where: { tenantId: null },
        include: {
          versions: { orderBy: { version: "asc" } },
          aliases: { include: { targets: true }, orderBy: { name: "asc" } },
        },
        orderBy: { id: "asc" },
      }),
    );
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      task: row.task,
      createdAt: row.createdAt,
      versions: row.versions.map((version) => ({
        id: version.id,
        modelId: row.id,
        version: version.version,
        digest: version.digest,
        manifest: storedManifest(version.id, version.manifest),
        registeredAt: version.registeredAt,
        retiredAt: version.retiredAt ?? undefined,
      })),
      aliases: row.aliases.map((alias) => ({
        id: alias.id,
        name: alias.name,
        targets: alias.targets.map((target) => ({ modelVersionId: target.modelVersionId, weight: target.weight })),
      })),
    }));
  }

  /**
   * Registers a version of a platform model, with the model and its `stable` alias where they are missing. Returns the
   * digest that is registered: another one than asked for means that this version exists with another file.
   */
  async registerPlatformVersion(version: NewVersion): Promise<string> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        // Two gateways that start together register the same files: one waits here, and then finds them.
        await transaction.$executeRaw`select pg_advisory_xact_lock(72707372)`;
        return await registerVersion(transaction as Prisma, version);
      }),
    );
  }
}

async function registerVersion(prisma: Prisma, version: NewVersion): Promise<string> {
  const { name, description, task } = version;
  const model =
    (await prisma.model.findFirst({ where: { name, tenantId: null } })) ??
    (await prisma.model.create({ data: { id: newId("model"), name, description, task } }));
  const existing = await prisma.modelVersion.findFirst({ where: { modelId: model.id, version: version.version } });
  if (existing !== null) return existing.digest;
  const created = await prisma.modelVersion.create({
    data: {
      id: newId("modelVersion"),
      modelId: model.id,
      version: version.version,
      digest: version.digest,
      manifest: version.manifest as object,
    },
  });
  // An alias stays where somebody pointed it; only a model's very first version becomes stable by itself.
  const stable = await prisma.alias.findFirst({ where: { modelId: model.id, name: "stable" } });
  if (stable === null) {
    const alias = await prisma.alias.create({ data: { id: newId("alias"), modelId: model.id, name: "stable" } });
    await prisma.aliasTarget.create({ data: { aliasId: alias.id, modelVersionId: created.id, weight: 100 } });
  }
  return version.digest;
}

function storedManifest(versionId: string, json: unknown): Manifest {
  const parsed = parseManifest(json);
  if ("manifest" in parsed) return parsed.manifest;
  throw new Error(`the manifest of ${versionId} in the database is not one: ${parsed.problem}`);
}
