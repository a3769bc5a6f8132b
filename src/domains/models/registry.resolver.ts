import { Arg, Authorized, Ctx, FieldResolver, Int, Mutation, Resolver, Root } from "type-graphql";
import { notFound, TollgateError } from "../../core/errors.ts";
import { maxPageSize } from "../../core/page.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { aliasGuardOf } from "./alias-guard.ts";
import type { AliasRevision } from "./alias-history.ts";
import type { AliasesService, Requester } from "./aliases.service.ts";
import type { AliasesStore } from "./aliases.store.ts";
import type { Catalogue } from "./catalogue.ts";
import {
  AliasType,
  ModelType,
  ModelVersionType,
  toAliasType,
  toModelType,
  toTargetTypes,
  toVersionType,
} from "./models.types.ts";
import type { OffersService } from "./offers.service.ts";
import type { RegistrationService } from "./registration.service.ts";
import {
  AliasMoveType,
  OfferModelInputType,
  PointAliasInputType,
  RegisterModelVersionInputType,
  RetireModelVersionInputType,
  RollBackAliasInputType,
} from "./registry.types.ts";
import { isVisible, viewerOf } from "./visibility.ts";

interface RegistryParts {
  catalogue: Catalogue;
  registrations: RegistrationService;
  aliases: AliasesService;
  moves: Pick<AliasesStore, "history">;
  offers: OffersService;
}

/** What changes models: registering, pointing, rolling back, retiring, offering. */
@Resolver(() => AliasType)
export class RegistryResolver {
  readonly #parts: RegistryParts;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  @Authorized("models:write")
  @Mutation(() => ModelVersionType, {
    description: "Registers a version: scanned, loaded in a fenced process and compared with its golden samples.",
  })
  async registerModelVersion(
    @Ctx() context: RequestContext,
    @Arg("input", () => RegisterModelVersionInputType, { description: "The version to register." })
    input: RegisterModelVersionInputType,
  ): Promise<ModelVersionType> {
    const request = {
      model: input.model,
      digest: digestOf(input),
      version: input.version ?? undefined,
      description: input.description ?? undefined,
      manifest: input.manifest ?? undefined,
      task: input.task ?? undefined,
      labels: input.labels ?? undefined,
      semantics: input.semantics ?? undefined,
    };
    const registered = await this.#parts.registrations.register(requesterOf(context), request, input.waitMs ?? 20_000);
    return toVersionType(this.#parts.catalogue, registered.version);
  }

  @Authorized("models:write")
  @Mutation(() => AliasType, { description: "Points an alias at READY versions by weight; no request is lost." })
  async pointAlias(
    @Ctx() context: RequestContext,
    @Arg("input", () => PointAliasInputType, { description: "Where it is to point." }) input: PointAliasInputType,
  ): Promise<AliasType> {
    const { model, alias } = await this.#parts.aliases.point(requesterOf(context), {
      ...input,
      targets: input.targets.map((target) => ({ ...target, sampleRate: target.sampleRate ?? undefined })),
      expectedRevision: input.expectedRevision ?? undefined,
      guard: input.guard ? aliasGuardOf(input.guard) : undefined,
    });
    return toAliasType(this.#parts.catalogue, model, alias);
  }

  @Authorized("models:write")
  @Mutation(() => AliasType, {
    description: "Brings an alias back to its targets before the last move; again, and it goes further back.",
  })
  async rollBackAlias(
    @Ctx() context: RequestContext,
    @Arg("input", () => RollBackAliasInputType, { description: "The alias to roll back." })
    input: RollBackAliasInputType,
  ): Promise<AliasType> {
    const { model, alias } = await this.#parts.aliases.rollBack(requesterOf(context), {
      model: input.model,
      alias: input.alias,
      expectedRevision: input.expectedRevision ?? undefined,
      reason: input.reason ?? undefined,
    });
    return toAliasType(this.#parts.catalogue, model, alias);
  }

  @Authorized("models:write")
  @Mutation(() => ModelVersionType, {
    description: "Takes a version out of service: it finishes what it was given, and then is unloaded.",
  })
  async retireModelVersion(
    @Ctx() context: RequestContext,
    @Arg("input", () => RetireModelVersionInputType, { description: "The version to retire." })
    input: RetireModelVersionInputType,
  ): Promise<ModelVersionType> {
    const version = await this.#parts.aliases.retire(requesterOf(context), input);
    return toVersionType(this.#parts.catalogue, version);
  }

  @Authorized("models:write")
  @Mutation(() => ModelType, { description: "Offers a model of the platform to a tenant, or to all; for operators." })
  async offerModel(
    @Ctx() context: RequestContext,
    @Arg("input", () => OfferModelInputType, { description: "The model, and to whom." }) input: OfferModelInputType,
  ): Promise<ModelType> {
    const model = await this.#parts.offers.offer(requesterOf(context), input.model, input.tenantId ?? undefined);
    return toModelType(this.#parts.catalogue, model);
  }

  @Authorized("models:write")
  @Mutation(() => ModelType, { description: "Takes an offer back, from a tenant or from all; for operators." })
  async withdrawModel(
    @Ctx() context: RequestContext,
    @Arg("input", () => OfferModelInputType, { description: "The model, and from whom." }) input: OfferModelInputType,
  ): Promise<ModelType> {
    const model = await this.#parts.offers.withdraw(requesterOf(context), input.model, input.tenantId ?? undefined);
    return toModelType(this.#parts.catalogue, model);
  }

  @FieldResolver(() => [AliasMoveType], { description: "Its moves, the latest first." })
  async history(
    @Root() { id }: AliasType,
    @Ctx() context: RequestContext,
    @Arg("first", () => Int, { defaultValue: 10, description: "How many, 1 to 100." }) first: number,
  ): Promise<AliasMoveType[]> {
    const { catalogue, moves } = this.#parts;
    if (first < 1 || first > maxPageSize)
      throw new TollgateError("INVALID_INPUT", `first is ${first}; it must be from 1 to ${maxPageSize}.`);
    const viewer = viewerOf(principalOf(context));
    const found = catalogue.aliasById(id);
    if (found === undefined || !isVisible(found.model, viewer)) throw notFound("alias");
    const history = await moves.history(viewer === "OPERATOR" ? undefined : viewer.tenantId, id, first);
    const isOwner = viewer === "OPERATOR" || found.model.ownerTenantId === viewer.tenantId;
    return history.map((move) => ({
      ...toMoveType(move),
      // Which of the platform's people moved its alias is not its tenants' business.
      actorId: isOwner ? move.actorId : "tollgate",
      targets: toTargetTypes(catalogue, found.model, move.targets),
    }));
  }
}

function toMoveType({ revision, cause, reason, actorId, createdAt }: AliasRevision) {
  return { revision, cause, reason: reason ?? null, actorId, createdAt };
}

function requesterOf(context: RequestContext): Requester {
  return { principal: principalOf(context), requestId: context.requestId };
}

function digestOf({ file, digest }: RegisterModelVersionInputType): string {
  if (file && digest) throw new TollgateError("INVALID_INPUT", "Send file or digest, not both.");
  const named = file?.digest ?? digest;
  if (named) return named;
  throw new TollgateError("INVALID_INPUT", "Send the ONNX file, or the digest of one that you sent before.");
}
