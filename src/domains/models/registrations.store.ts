import { isDeepStrictEqual } from "node:util";
import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { type NewAuditEvent, recordAuditEvent } from "../audit/audit-log.ts";
import type { Owner } from "./artifacts.store.ts";
import { addFirstAlias } from "./first-alias.store.ts";
import type { Manifest } from "./manifest.ts";
import type { VersionState } from "./model.ts";
import { type RegistrationRequest, type WantedVersion, wantedVersionSchema } from "./wanted-version.ts";

export interface NewRegistration {
  owner: Owner;
  request: RegistrationRequest & { task: string | undefined };
  /** The gateway instance that takes it on. */
  holder: string;
  /** Of all the owner's models together. */
  maxLiveVersions: number;
  actorId: string;
  requestId: string | undefined;
}

export type RegistrationOutcome =
  | { kind: "REGISTERED" | "EXISTING"; versionId: string }
  | { kind: "NO_ARTIFACT" | "NAME_TAKEN" | "TOO_MANY" }
  | { kind: "OTHER_TASK"; task: string }
  | { kind: "OTHER_MANIFEST"; version: number }
  | { kind: "VERSION_TAKEN"; version: number };

/** A version on its way, as the gateway that brings it on needs it. */
export interface Registration {
  id: string;
  owner: Owner;
  modelId: string;
  modelName: string;
  description: string;
  task: string;
  version: number;
  digest: string;
  state: VersionState;
  wanted: WantedVersion;
  attempts: number;
  holder: string | undefined;
  registeredBy: string;
  registeredAt: Date;
}

/** States that a gateway has to bring to an end; one that was killed leaves them to the others. */
const unfinished = ["SCANNING", "VALIDATING", "WARMING", "DRAINING"] as const satisfies VersionState[];
const ended = ["RETIRED", "REJECTED", "QUARANTINED"] as const satisfies VersionState[];

export class RegistrationsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes the version, the model where it is new, and the audit event together, or nothing of it. */
  async register(registration: NewRegistration): Promise<RegistrationOutcome> {
    const { owner, request } = registration;
    return await this.#writing(owner, async (transaction) => {
      // One registration of a name at a time: the second of two at once sees what the first one made.
      const name = `${owner ?? ""}/${request.model}`;
      await transaction.$executeRaw`select pg_advisory_xact_lock(72707373, hashtext(${name}))`;
      return await insertRegistration(transaction, registration);
    });
  }

  /** Those that a gateway holds, whether or not it still lives. */
  async unfinished(): Promise<Registration[]> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.modelVersion.findMany({
        where: { state: { in: [...unfinished] } },
        include: { model: true },
        omit: { manifest: true },
        orderBy: { id: "asc" },
      }),
    );
    return rows.map((row) => ({
      id: row.id,
      owner: row.tenantId ?? undefined,
      modelId: row.modelId,
      modelName: row.model.name,
      description: row.model.description,
      task: row.model.task,
      version: row.version,
      digest: row.digest,
      state: unfinished.find((state) => state === row.state) ?? "SCANNING",
      wanted: wantedVersionSchema.parse(row.requested ?? {}),
      attempts: row.attempts,
      holder: row.holder ?? undefined,
      registeredBy: row.registeredBy ?? "tollgate",
      registeredAt: row.registeredAt,
    }));
  }

  /**
   * Takes a version over from the gateway that held it; of two that try, one gets it. Counted before the work starts, so
   * that a version which ends the gateway that loads it cannot do so for ever.
   */
  async claim(id: string, from: string | undefined, holder: string): Promise<boolean> {
    const { count } = await this.#database.asSystem((prisma) =>
      prisma.modelVersion.updateMany({
        where: { id, holder: from ?? null, state: { in: [...unfinished] } },
        data: { holder, attempts: { increment: 1 } },
      }),
    );
    return count === 1;
  }

  /** False where the version is in another state by now. */
  async move(id: string, move: { from: readonly VersionState[]; to: VersionState; reason?: string }): Promise<boolean> {
    const { count } = await this.#database.asSystem((prisma) =>
      prisma.modelVersion.updateMany({ where: { id, state: { in: [...move.from] } }, data: stateData(move) }),
    );
    return count === 1;
  }

  async makeReady(registration: Registration, manifest: Manifest): Promise<boolean> {
    const { id, owner, modelId, modelName, version, registeredBy } = registration;
    return await this.#ending(registration, "READY", async (transaction) => {
      const { count } = await transaction.modelVersion.updateMany({
        where: { id, state: "WARMING" },
        data: { ...stateData({ to: "READY" }), manifest: manifest as object, holder: null },
      });
      if (count === 1)
        await addFirstAlias(transaction, {
          modelId,
          tenantId: owner ?? null,
          versionId: id,
          actorId: registeredBy,
        });
      return count === 1 ? { model: modelName, version } : undefined;
    });
  }

  async reject(registration: Registration, reason: string): Promise<boolean> {
    const { id, modelName, version } = registration;
    return await this.#ending(registration, "REJECTED", async (transaction) => {
      const { count } = await transaction.modelVersion.updateMany({
        where: { id, state: { in: ["SCANNING", "VALIDATING", "WARMING"] } },
        data: { ...stateData({ to: "REJECTED", reason }), holder: null },
      });
      return count === 1 ? { model: modelName, version, reason } : undefined;
    });
  }

  /** @param write returns the details of the audit event, or nothing where the version was brought there by another. */
  async #ending(
    { id, owner, registeredBy }: Registration,
    state: "READY" | "REJECTED",
    write: (transaction: Prisma) => Promise<NewAuditEvent["details"] | undefined>,
  ): Promise<boolean> {
    return await this.#writing(undefined, async (transaction) => {
      const details = await write(transaction);
      if (details === undefined) return false;
      await recordAuditEvent(transaction, {
        tenantId: owner,
        actorId: registeredBy,
        action: `model_version.${state.toLowerCase()}`,
        subjectId: id,
        details,
        requestId: undefined,
      });
      return true;
    });
  }

  async #writing<T>(owner: Owner, write: (transaction: Prisma) => Promise<T>): Promise<T> {
    const work = (prisma: Prisma) => prisma.$transaction(async (transaction) => await write(transaction as Prisma));
    return owner === undefined ? await this.#database.asSystem(work) : await this.#database.forTenant(owner, work);
  }
}

function stateData({ to, reason }: { to: VersionState; reason?: string }) {
  return {
    state: to,
    stateReason: reason ?? null,
    stateChangedAt: new Date(),
    ...(to === "RETIRED" ? { retiredAt: new Date() } : {}),
  };
}

async function insertRegistration(prisma: Prisma, registration: NewRegistration): Promise<RegistrationOutcome> {
  const { owner, request } = registration;
  const artifact = await prisma.artifact.findFirst({ where: { tenantId: owner ?? null, digest: request.digest } });
  if (artifact === null) return { kind: "NO_ARTIFACT" };
  const model = await prisma.model.findFirst({ where: { name: request.model, tenantId: owner ?? null } });
  if (model === null) return await insertFirst(prisma, registration);
  if (request.task !== undefined && request.task !== model.task) return { kind: "OTHER_TASK", task: model.task };
  const versions = await prisma.modelVersion.findMany({ where: { modelId: model.id }, omit: { manifest: true } });
  const live = versions.filter(({ state }) => !ended.some((end) => end === state));
  const same = live.find(({ digest }) => digest === request.digest);
  if (same !== undefined) return sameOrOther(same, request);
  if (!(await hasRoom(prisma, registration))) return { kind: "TOO_MANY" };
  const version = request.version ?? Math.max(0, ...versions.map((known) => known.version)) + 1;
  if (versions.some((known) => known.version === version)) return { kind: "VERSION_TAKEN", version };
  return await insertVersion(prisma, registration, { modelId: model.id, version });
}

/** The same bytes again: the same registration, or a contradiction to it. */
function sameOrOther(
  same: { id: string; version: number; requested: unknown },
  request: RegistrationRequest,
): RegistrationOutcome {
  const isSame =
    (request.version === undefined || request.version === same.version) &&
    (same.requested === null || isDeepStrictEqual(same.requested, wantedOf(request)));
  return isSame ? { kind: "EXISTING", versionId: same.id } : { kind: "OTHER_MANIFEST", version: same.version };
}

async function insertFirst(prisma: Prisma, registration: NewRegistration): Promise<RegistrationOutcome> {
  const { owner, request } = registration;
  // Row-level security shows a tenant the platform's models that it is offered: of another it does not learn here.
  const platforms = await prisma.model.findFirst({ where: { name: request.model, tenantId: null } });
  if (platforms !== null) return { kind: "NAME_TAKEN" };
  if (!(await hasRoom(prisma, registration))) return { kind: "TOO_MANY" };
  const model = await prisma.model.create({
    data: {
      id: newId("model"),
      tenantId: owner ?? null,
      name: request.model,
      description: request.description ?? request.model,
      task: request.task ?? "TENSOR",
    },
  });
  return await insertVersion(prisma, registration, { modelId: model.id, version: request.version ?? 1 });
}

async function hasRoom(prisma: Prisma, { owner, maxLiveVersions }: NewRegistration): Promise<boolean> {
  const live = await prisma.modelVersion.count({
    where: { tenantId: owner ?? null, state: { notIn: [...ended] } },
  });
  return live < maxLiveVersions;
}

async function insertVersion(
  prisma: Prisma,
  { owner, request, holder, actorId, requestId }: NewRegistration,
  { modelId, version }: { modelId: string; version: number },
): Promise<RegistrationOutcome> {
  const id = newId("modelVersion");
  await prisma.modelVersion.create({
    data: {
      id,
      tenantId: owner ?? null,
      modelId,
      version,
      digest: request.digest,
      requested: wantedOf(request),
      registeredBy: actorId,
      holder,
      attempts: 1,
    },
    select: { id: true },
  });
  await recordAuditEvent(prisma, {
    tenantId: owner,
    actorId,
    action: "model_version.registered",
    subjectId: id,
    details: { model: request.model, version, digest: request.digest },
    requestId,
  });
  return { kind: "REGISTERED", versionId: id };
}

/** As JSON gives it back: without what is undefined. */
function wantedOf({ description, manifest, task, labels, semantics }: RegistrationRequest): object {
  return JSON.parse(JSON.stringify({ description, manifest, task, labels, semantics }));
}
