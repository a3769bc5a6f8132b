import { notFound, TollgateError } from "../../core/errors.ts";
import { actorId, type Principal } from "../../core/principal.ts";
import type { AliasGuard } from "./alias-guard.ts";
import type { AliasesStore, MoveOutcome, RollBackOutcome } from "./aliases.store.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Alias, Model, RegisteredVersion } from "./model.ts";
import type { VersionHost } from "./version-host.ts";
import { checkOwner, viewerOf } from "./visibility.ts";

interface AliasesOptions {
  store: AliasesStore;
  catalogue: Catalogue;
  host: VersionHost;
  instanceId: string;
  /** Goes on with a version that was told to drain. */
  resume: () => Promise<void>;
}

export interface Requester {
  principal: Principal;
  requestId: string;
}

export interface WantedMove {
  model: string;
  alias: string;
  targets: { version: number; weight: number; sampleRate: number | undefined }[];
  expectedRevision: number | undefined;
  guard: AliasGuard | undefined;
}

const maxTargets = 8;

/** Points aliases, rolls them back, and retires versions: what decides which version answers. */
export class AliasesService {
  readonly #options: AliasesOptions;

  constructor(options: AliasesOptions) {
    this.#options = options;
  }

  /** Returns when this gateway answers by the new targets; the others follow as soon as they have loaded them. */
  async point({ principal, requestId }: Requester, move: WantedMove): Promise<{ model: Model; alias: Alias }> {
    const model = this.#owned(principal, move.model);
    checkMove(move);
    const outcome = await this.#options.store.point({
      owner: model.ownerTenantId,
      modelId: model.id,
      name: move.alias,
      targets: move.targets,
      expectedRevision: move.expectedRevision,
      guard: move.guard,
      actorId: actorId(principal),
      requestId,
    });
    return await this.#followed(movedOf(outcome, move));
  }

  async rollBack(
    { principal, requestId }: Requester,
    move: { model: string; alias: string; expectedRevision: number | undefined; reason: string | undefined },
  ): Promise<{ model: Model; alias: Alias }> {
    const model = this.#owned(principal, move.model);
    checkReason(move.reason);
    const outcome = await this.#options.store.rollBack({
      owner: model.ownerTenantId,
      modelId: model.id,
      name: move.alias,
      expectedRevision: move.expectedRevision,
      cause: "ROLLED_BACK",
      reason: move.reason,
      actorId: actorId(principal),
      requestId,
    });
    return await this.#followed(returnedOf(outcome, move));
  }

  /** Rolls back an alias whose guard was broken, unless somebody has moved it since. */
  async rollBackByGuard({ model, alias }: { model: Model; alias: Alias }, reason: string): Promise<boolean> {
    const outcome = await this.#options.store.rollBack({
      owner: model.ownerTenantId,
      modelId: model.id,
      name: alias.name,
      expectedRevision: alias.revision,
      cause: "GUARD",
      reason,
      actorId: "tollgate",
      requestId: undefined,
    });
    if (outcome.kind !== "MOVED") return false;
    await this.#followed(outcome);
    return true;
  }

  /** Returns the version as soon as nobody new gets it; it is RETIRED when what it was given before is finished. */
  async retire(
    { principal, requestId }: Requester,
    { model: name, version }: { model: string; version: number },
  ): Promise<RegisteredVersion> {
    const { store, catalogue, instanceId, resume } = this.#options;
    const model = this.#owned(principal, name);
    const outcome = await store.retire({
      owner: model.ownerTenantId,
      modelId: model.id,
      version,
      holder: instanceId,
      actorId: actorId(principal),
      requestId,
    });
    switch (outcome.kind) {
      case "NO_VERSION":
        throw notFound("model version");
      case "POINTED_AT":
        throw conflict(
          `Version ${version} of ${name} answers for ${outcome.aliases.join(", ")}: point ${outcome.aliases.length === 1 ? "it" : "them"} elsewhere first.`,
        );
      case "UNFINISHED":
        throw conflict(`Version ${version} of ${name} is ${outcome.state}: wait until that has come to its end.`);
      case "DRAINING":
      case "ENDED": {
        await catalogue.refresh();
        await resume();
        const found = catalogue.registeredById(outcome.versionId);
        if (found === undefined) throw new Error(`the version ${outcome.versionId} is not in the catalogue`);
        return found.version;
      }
    }
  }

  async quarantine(quarantine: { versionId: string; reason: string }): Promise<void> {
    await this.#options.store.quarantine(quarantine);
    await this.#options.catalogue.refresh();
    await this.#options.host.settled([]);
  }

  #owned(principal: Principal, name: string): Model {
    const viewer = viewerOf(principal);
    const model = this.#options.catalogue.byName(viewer, name);
    checkOwner(model, viewer);
    return model;
  }

  async #followed({ aliasId, targets }: { aliasId: string; targets: { modelVersionId: string }[] }) {
    const { catalogue, host } = this.#options;
    await catalogue.refresh();
    await host.settled(targets.map((target) => target.modelVersionId));
    const found = catalogue.aliasById(aliasId);
    if (found === undefined) throw new Error(`the alias ${aliasId} was moved and is not in the catalogue`);
    return found;
  }
}

function movedOf(outcome: MoveOutcome, { model, alias }: WantedMove) {
  switch (outcome.kind) {
    case "MOVED":
      return outcome;
    case "OTHER_REVISION":
      throw otherRevision(alias, outcome.revision);
    case "NO_VERSION":
      throw notFound("model version");
    case "TOO_MANY":
      throw conflict(`${model} has as many aliases as it may.`);
    case "NOT_READY": {
      const { version, state } = outcome;
      const isOnItsWay = ["SCANNING", "VALIDATING", "WARMING"].includes(state);
      const message = `Version ${version} of ${model} is ${state}; an alias points at versions that are READY.`;
      throw new TollgateError(isOnItsWay ? "MODEL_NOT_READY" : "CONFLICT", message);
    }
  }
}

function returnedOf(outcome: RollBackOutcome, { alias }: { alias: string }) {
  switch (outcome.kind) {
    case "MOVED":
      return outcome;
    case "NO_ALIAS":
      throw notFound("alias");
    case "OTHER_REVISION":
      throw otherRevision(alias, outcome.revision);
    case "NOTHING_BEFORE":
      throw conflict(`${alias} has no earlier targets that can still answer.`);
  }
}

function otherRevision(alias: string, revision: number): TollgateError {
  return conflict(
    `${alias} stands at revision ${revision} by now. Look at what it points at, and ask again with that.`,
  );
}

function checkMove({ alias, targets, expectedRevision }: WantedMove): void {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(alias))
    throw invalid(`alias is ${JSON.stringify(alias)}; a name has 1 to 63 characters: a-z first, then a-z, 0-9 and -.`);
  if (targets.length < 1 || targets.length > maxTargets)
    throw invalid(`targets has ${targets.length} entries; send 1 to ${maxTargets}.`);
  checkWeights(targets);
  if (expectedRevision !== undefined && expectedRevision < 0)
    throw invalid(`expectedRevision is ${expectedRevision}; 0 says that there is no such alias yet.`);
}

function checkWeights(targets: WantedMove["targets"]): void {
  for (const [i, { weight }] of targets.entries())
    if (weight < 0 || weight > 100) throw invalid(`targets[${i}].weight is ${weight}; it must be from 0 to 100.`);
  checkSampleRates(targets);
  if (new Set(targets.map(({ version }) => version)).size < targets.length)
    throw invalid("targets names a version twice; give it one weight.");
  if (targets.every(({ weight }) => weight === 0))
    throw invalid("targets has no weight above 0: nothing would answer. A weight of 0 only shadows.");
}

function checkSampleRates(targets: WantedMove["targets"]): void {
  for (const [i, { weight, sampleRate }] of targets.entries()) {
    if (sampleRate === undefined) continue;
    if (weight > 0) throw invalid(`targets[${i}].sampleRate says nothing for a target that answers; leave it out.`);
    if (!(sampleRate > 0 && sampleRate <= 1))
      throw invalid(`targets[${i}].sampleRate is ${sampleRate}; it must be above 0, and 1 at most.`);
  }
}

function checkReason(reason: string | undefined): void {
  if (reason === undefined || (reason.length <= 500 && reason.isWellFormed() && !reason.includes("\0"))) return;
  throw invalid("reason is longer than 500 characters, or no Unicode text.");
}

function invalid(message: string): TollgateError {
  return new TollgateError("INVALID_INPUT", message);
}

function conflict(message: string): TollgateError {
  return new TollgateError("CONFLICT", message);
}
