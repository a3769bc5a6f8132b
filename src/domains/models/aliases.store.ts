import { z } from "zod";
import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { AliasGuard } from "./alias-guard.ts";
import { type AliasRevision, type RevisionCause, returnFrom } from "./alias-history.ts";
import type { Owner } from "./artifacts.store.ts";
import { type AliasTarget, stateOf, type VersionState } from "./model.ts";

interface Actor {
  actorId: string;
  requestId: string | undefined;
}

export interface AliasMove extends Actor {
  owner: Owner;
  modelId: string;
  name: string;
  targets: { version: number; weight: number; sampleRate: number | undefined }[];
  /** The revision that the caller has seen; 0: none. Undefined: whatever it is. */
  expectedRevision: number | undefined;
  guard: AliasGuard | undefined;
}

export type MoveOutcome =
  | { kind: "MOVED"; aliasId: string; targets: AliasTarget[] }
  | { kind: "OTHER_REVISION"; revision: number }
  | { kind: "NO_VERSION"; version: number }
  | { kind: "NOT_READY"; version: number; state: VersionState }
  | { kind: "TOO_MANY" };

export interface RollBack extends Actor {
  owner: Owner;
  modelId: string;
  name: string;
  expectedRevision: number | undefined;
  cause: RevisionCause;
  reason: string | undefined;
}

export type RollBackOutcome =
  | { kind: "MOVED"; aliasId: string; targets: AliasTarget[] }
  | { kind: "NO_ALIAS" | "NOTHING_BEFORE" }
  | { kind: "OTHER_REVISION"; revision: number };

export type RetireOutcome =
  | { kind: "DRAINING" | "ENDED"; versionId: string }
  | { kind: "NO_VERSION" }
  | { kind: "POINTED_AT"; aliases: string[] }
  | { kind: "UNFINISHED"; state: VersionState };

const maxAliases = 50;

/**
 * Moves aliases and takes versions out of service. Whatever concerns one model is done one after the other, under its
 * lock: no alias can be pointed at a version in the moment in which that is retired.
 */
export class AliasesStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async point(move: AliasMove): Promise<MoveOutcome> {
    return await this.#locked(move.owner, move.modelId, async (prisma) => await point(prisma, move));
  }

  async rollBack(move: RollBack): Promise<RollBackOutcome> {
    return await this.#locked(move.owner, move.modelId, async (prisma) => await rollBack(prisma, move));
  }

  async retire({
    owner,
    modelId,
    version,
    holder,
    ...actor
  }: Actor & {
    owner: Owner;
    modelId: string;
    version: number;
    /** The gateway instance that sees to its end. */
    holder: string;
  }): Promise<RetireOutcome> {
    return await this.#locked(owner, modelId, async (prisma) => {
      const found = await prisma.modelVersion.findFirst({
        where: { modelId, version },
        select: { id: true, state: true, targets: { select: { alias: { select: { name: true } } } } },
      });
      if (found === null) return { kind: "NO_VERSION" };
      if (["DRAINING", "RETIRED", "REJECTED"].includes(found.state)) return { kind: "ENDED", versionId: found.id };
      if (found.targets.length > 0)
        return { kind: "POINTED_AT", aliases: found.targets.map((target) => target.alias.name) };
      const { count } = await prisma.modelVersion.updateMany({
        where: { id: found.id, state: { in: ["READY", "QUARANTINED"] } },
        data: { state: "DRAINING", stateReason: null, stateChangedAt: new Date(), holder },
      });
      if (count === 0) return { kind: "UNFINISHED", state: stateOf(found.state) };
      await recordAuditEvent(prisma, {
        tenantId: owner,
        ...actor,
        action: "model_version.retired",
        subjectId: found.id,
        details: { version },
      });
      return { kind: "DRAINING", versionId: found.id };
    });
  }

  /**
   * Takes a version that broke too often out of service, and brings the aliases that point at it back to the last targets
   * that can answer. Done once, whichever of the gateways reports it first.
   */
  async quarantine({ versionId, reason }: { versionId: string; reason: string }): Promise<void> {
    const version = await this.#database.asSystem((prisma) =>
      prisma.modelVersion.findFirst({ where: { id: versionId }, select: { modelId: true, tenantId: true } }),
    );
    if (version === null) return;
    const { modelId, tenantId } = version;
    await this.#locked(undefined, modelId, async (prisma) => {
      const { count } = await prisma.modelVersion.updateMany({
        where: { id: versionId, state: "READY" },
        data: { state: "QUARANTINED", stateReason: reason, stateChangedAt: new Date() },
      });
      if (count === 0) return;
      const actor = { actorId: "tollgate", requestId: undefined };
      await recordAuditEvent(prisma, {
        tenantId: tenantId ?? undefined,
        ...actor,
        action: "model_version.quarantined",
        subjectId: versionId,
        details: { reason },
      });
      if (tenantId !== null) {
        const told = JSON.stringify({ modelVersionId: versionId, modelId, reason });
        await prisma.$executeRaw`select enqueue_webhook(${tenantId}, 'model_version.quarantined', ${told}::jsonb)`;
      }
      const aliases = await prisma.alias.findMany({ where: { targets: { some: { modelVersionId: versionId } } } });
      for (const { name } of aliases) {
        const move = { owner: tenantId ?? undefined, modelId, name, expectedRevision: undefined, ...actor };
        await rollBack(prisma, { ...move, cause: "QUARANTINE", reason });
      }
    });
  }

  /** An alias's moves, the latest first. */
  async history(owner: Owner, aliasId: string, first: number): Promise<AliasRevision[]> {
    const read = (prisma: Prisma) =>
      prisma.aliasRevision.findMany({ where: { aliasId }, orderBy: { revision: "desc" }, take: first });
    const rows =
      owner === undefined ? await this.#database.asSystem(read) : await this.#database.forTenant(owner, read);
    return rows.map(toRevision);
  }

  async #locked<T>(owner: Owner, modelId: string, write: (transaction: Prisma) => Promise<T>): Promise<T> {
    const work = (prisma: Prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.$executeRaw`select pg_advisory_xact_lock(72707375, hashtext(${modelId}))`;
        return await write(transaction as Prisma);
      });
    return owner === undefined ? await this.#database.asSystem(work) : await this.#database.forTenant(owner, work);
  }
}

async function point(prisma: Prisma, move: AliasMove): Promise<MoveOutcome> {
  const { modelId, name, expectedRevision } = move;
  const alias = await prisma.alias.findFirst({ where: { modelId, name } });
  const revision = alias?.revision ?? 0;
  if (expectedRevision !== undefined && expectedRevision !== revision) return { kind: "OTHER_REVISION", revision };
  if (alias === null && (await prisma.alias.count({ where: { modelId } })) >= maxAliases) return { kind: "TOO_MANY" };
  const found = await findTargets(prisma, move);
  if (found.kind !== "FOUND") return found;
  const { targets } = found;
  const aliasId = await writeMove(prisma, move, {
    alias: alias ?? undefined,
    targets,
    returnsTo: alias?.revision,
    guard: move.guard,
    cause: "POINTED",
    reason: undefined,
  });
  return { kind: "MOVED", aliasId, targets };
}

async function findTargets(
  prisma: Prisma,
  { modelId, targets: wanted }: AliasMove,
): Promise<{ kind: "FOUND"; targets: AliasTarget[] } | Extract<MoveOutcome, { version: number }>> {
  const versions = await prisma.modelVersion.findMany({
    where: { modelId, version: { in: wanted.map(({ version }) => version) } },
    select: { id: true, version: true, state: true },
  });
  const targets: AliasTarget[] = [];
  for (const { version, weight, sampleRate = 1 } of wanted) {
    const found = versions.find((candidate) => candidate.version === version);
    if (found === undefined) return { kind: "NO_VERSION", version };
    if (found.state !== "READY") return { kind: "NOT_READY", version, state: stateOf(found.state) };
    targets.push({ modelVersionId: found.id, weight, sampleRate });
  }
  return { kind: "FOUND", targets };
}

async function rollBack(prisma: Prisma, move: RollBack): Promise<RollBackOutcome> {
  const { modelId, name, expectedRevision, cause, reason } = move;
  const alias = await prisma.alias.findFirst({ where: { modelId, name } });
  if (alias === null) return { kind: "NO_ALIAS" };
  const { revision } = alias;
  if (expectedRevision !== undefined && expectedRevision !== revision) return { kind: "OTHER_REVISION", revision };
  const revisions = (await prisma.aliasRevision.findMany({ where: { aliasId: alias.id } })).map(toRevision);
  const ready = await prisma.modelVersion.findMany({ where: { modelId, state: "READY" }, select: { id: true } });
  const place = returnFrom(revision, revisions, new Set(ready.map(({ id }) => id)));
  if (place === undefined) return { kind: "NOTHING_BEFORE" };
  const { targets, returnsTo } = place;
  await writeMove(prisma, move, { alias, targets, returnsTo, guard: undefined, cause, reason });
  return { kind: "MOVED", aliasId: alias.id, targets };
}

interface WrittenMove {
  alias: { id: string; revision: number } | undefined;
  targets: AliasTarget[];
  returnsTo: number | undefined;
  guard: AliasGuard | undefined;
  cause: RevisionCause;
  reason: string | undefined;
}

async function writeMove(
  prisma: Prisma,
  { owner, modelId, name, actorId, requestId }: Pick<AliasMove, "owner" | "modelId" | "name" | "actorId" | "requestId">,
  { alias, targets, returnsTo, guard, cause, reason }: WrittenMove,
): Promise<string> {
  const tenantId = owner ?? null;
  const id = alias?.id ?? newId("alias");
  const revision = (alias?.revision ?? 0) + 1;
  if (alias === undefined) {
    await prisma.alias.create({ data: { id, tenantId, modelId, name, ...guardData(guard) } });
  } else {
    // The trigger on this row tells every gateway, with the commit.
    await prisma.$executeRaw`update aliases set revision = ${revision}, guard = ${guard ?? null}::jsonb where id = ${id}`;
    await prisma.aliasTarget.deleteMany({ where: { aliasId: id } });
  }
  await prisma.aliasTarget.createMany({ data: targets.map((target) => ({ aliasId: id, tenantId, ...target })) });
  await prisma.aliasRevision.create({
    data: {
      id: newId("aliasRevision"),
      tenantId,
      aliasId: id,
      revision,
      targets: targets.map((target) => ({ ...target })),
      returnsTo: returnsTo ?? null,
      cause,
      reason: reason ?? null,
      actorId,
    },
  });
  await recordAuditEvent(prisma, {
    tenantId: owner,
    actorId,
    action: cause === "POINTED" ? "alias.pointed" : "alias.rolled_back",
    subjectId: id,
    details: {
      alias: name,
      revision,
      targets: targets.map(toldTarget),
      cause,
      ...(reason === undefined ? {} : { reason }),
    },
    requestId,
  });
  return id;
}

/** As the audit log has it: `ver_…:95`; a shadow that is asked a part only, `ver_…:0@0.1`. */
function toldTarget({ modelVersionId, weight, sampleRate }: AliasTarget): string {
  return sampleRate === 1 ? `${modelVersionId}:${weight}` : `${modelVersionId}:${weight}@${sampleRate}`;
}

function guardData(guard: AliasGuard | undefined): { guard?: object } {
  return guard === undefined ? {} : { guard };
}

const storedTargets = z.array(
  z.object({ modelVersionId: z.string(), weight: z.number(), sampleRate: z.number().default(1) }),
);
const causes = z.enum(["FIRST_VERSION", "POINTED", "ROLLED_BACK", "GUARD", "QUARANTINE"]);

function toRevision(row: {
  id: string;
  revision: number;
  targets: unknown;
  returnsTo: number | null;
  cause: string;
  reason: string | null;
  actorId: string;
  createdAt: Date;
}): AliasRevision {
  return {
    id: row.id,
    revision: row.revision,
    targets: storedTargets.parse(row.targets),
    returnsTo: row.returnsTo ?? undefined,
    cause: causes.parse(row.cause),
    reason: row.reason ?? undefined,
    actorId: row.actorId,
    createdAt: row.createdAt,
  };
}
