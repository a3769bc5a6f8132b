import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { aliasGuardSchema } from "./alias-guard.ts";
import { addFirstAlias } from "./first-alias.store.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { type Model, stateOf } from "./model.ts";

/** What is registered for a version that lies in the models folder. */
export interface NewVersion {
  name: string;
  description: string;
  task: string;
  version: number;
  digest: string;
  manifest: Manifest;
}

/** Reads what the catalogue holds, and registers what lies in the models folder. */
export class ModelsStore {
  readonly #database: Database;
  /** A manifest never changes, and may be large: it is read and parsed once. */
  readonly #manifests = new Map<string, Manifest>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Every model, the platform's and the tenants', with versions, aliases and offers. */
  async all(): Promise<Model[]> {
    const rows = await this.#database.asSystem((prisma) => readModels(prisma));
    await this.#readManifests(rows.flatMap((row) => row.versions.map((version) => version.id)));
    return rows.map((row) => this.#toModel(row));
  }

  /**
   * Registers a version of a platform model, with the model and its `stable` alias where they are missing. Returns the
   * digest that is registered: another one than asked for means that this version exists with another file.
   */
  async registerBundledVersion(version: NewVersion): Promise<string> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        // Two gateways that start together register the same files: one waits here, and then finds them.
        await transaction.$executeRaw`select pg_advisory_xact_lock(72707372)`;
        return await registerVersion(transaction as Prisma, version);
      }),
    );
  }

  async #readManifests(versionIds: string[]): Promise<void> {
    const missing = versionIds.filter((id) => !this.#manifests.has(id));
    if (missing.length === 0) return;
    const rows = await this.#database.asSystem((prisma) =>
      prisma.modelVersion.findMany({ where: { id: { in: missing } }, select: { id: true, manifest: true } }),
    );
    for (const { id, manifest } of rows) if (manifest !== null) this.#manifests.set(id, storedManifest(id, manifest));
  }

  #toModel(row: ModelRow): Model {
    return {
      id: row.id,
      name: row.name,
      description: row.description,
      task: row.task,
      createdAt: row.createdAt,
      ownerTenantId: row.tenantId ?? undefined,
      isOfferedToAll: row.isOfferedToAll,
      offeredTo: new Set(row.offers.map((offer) => offer.tenantId)),
      versions: row.versions.map((version) => ({
        id: version.id,
        modelId: row.id,
        ownerTenantId: row.tenantId ?? undefined,
        version: version.version,
        digest: version.digest,
        task: row.task,
        state: stateOf(version.state),
        stateReason: version.stateReason ?? undefined,
        manifest: this.#manifests.get(version.id),
        registeredAt: version.registeredAt,
        retiredAt: version.retiredAt ?? undefined,
      })),
      aliases: row.aliases.map((alias) => ({
        id: alias.id,
        name: alias.name,
        revision: alias.revision,
        targets: inOrderOfVersions(alias.targets),
        guard: alias.guard === null ? undefined : aliasGuardSchema.parse(alias.guard),
      })),
    };
  }
}

type ModelRow = Awaited<ReturnType<typeof readModels>>[number];

async function readModels(prisma: Prisma) {
  return await prisma.model.findMany({
    include: {
      versions: { omit: { manifest: true, requested: true }, orderBy: { version: "asc" } },
      aliases: {
        include: { targets: { include: { modelVersion: { select: { version: true } } } } },
        orderBy: { name: "asc" },
      },
      offers: { select: { tenantId: true } },
    },
    orderBy: { id: "asc" },
  });
}

/** In one order whatever the database gives: the callers between two targets stay where they are when weights move. */
function inOrderOfVersions(targets: ModelRow["aliases"][number]["targets"]) {
  return targets
    .toSorted((a, b) => a.modelVersion.version - b.modelVersion.version)
    .map(({ modelVersionId, weight, sampleRate }) => ({ modelVersionId, weight, sampleRate }));
}

async function registerVersion(prisma: Prisma, version: NewVersion): Promise<string> {
  const { name, description, task } = version;
  const model =
    (await prisma.model.findFirst({ where: { name, tenantId: null } })) ??
    (await prisma.model.create({ data: { id: newId("model"), name, description, task, isOfferedToAll: true } }));
  const existing = await prisma.modelVersion.findFirst({ where: { modelId: model.id, version: version.version } });
  if (existing !== null) return existing.digest;
  const created = await prisma.modelVersion.create({
    data: {
      id: newId("modelVersion"),
      modelId: model.id,
      version: version.version,
      digest: version.digest,
      manifest: version.manifest as object,
      state: "READY",
    },
  });
  await addFirstAlias(prisma, { modelId: model.id, tenantId: null, versionId: created.id, actorId: "tollgate" });
  return version.digest;
}

function storedManifest(versionId: string, json: unknown): Manifest {
  const parsed = parseManifest(json);
  if ("manifest" in parsed) return parsed.manifest;
  throw new Error(`the manifest of ${versionId} in the database is not one: ${parsed.problem}`);
}
