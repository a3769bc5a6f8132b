import { Arg, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { wantedLimit } from "../plans/plan-inputs.types.ts";
import type { TenantLimitsService } from "./tenant-limits.service.ts";
import type { TenantLimit } from "./tenant-limits.store.ts";
import {
  RemoveLimitInputType,
  SetApiKeyLimitInputType,
  SetTenantLimitInputType,
  TenantLimitType,
} from "./tenant-limits.types.ts";

@Resolver(() => TenantLimitType)
export class TenantLimitsResolver {
  readonly #service: TenantLimitsService;
  readonly #modelNameOf: (id: string) => string | undefined;

  /** @param modelNameOf of a model of the platform: limits are for no others. */
  constructor(service: TenantLimitsService, modelNameOf: (id: string) => string | undefined) {
    this.#service = service;
    this.#modelNameOf = modelNameOf;
  }

  @FieldResolver(() => String, { nullable: true, description: "What the model is called whose use it limits." })
  modelName(@Root() { modelId }: TenantLimitType): string | undefined {
    return modelId === undefined ? undefined : this.#modelNameOf(modelId);
  }

  @Authorized("limits:write")
  @Query(() => [TenantLimitType], {
    description: "The limits that were set for a tenant and its keys, besides those of its plan.",
  })
  async tenantLimits(
    @Ctx() context: RequestContext,
    @Arg("tenantId", () => ID, { description: "The tenant: the principal's own, or any for operators." })
    tenantId: string,
  ): Promise<TenantLimit[]> {
    return await this.#service.list(principalOf(context), tenantId);
  }

  @Authorized("limits:write")
  @Mutation(() => TenantLimitType, {
    description:
      "Sets a limit of a tenant. An operator's takes the place of the plan's; a tenant's own holds beside it, so it can " +
      "only be stricter.",
  })
  async setTenantLimit(
    @Ctx() context: RequestContext,
    @Arg("input", () => SetTenantLimitInputType, { description: "The limit to set." }) input: SetTenantLimitInputType,
  ): Promise<TenantLimit> {
    const wanted = { tenantId: input.tenantId ?? undefined, limit: wantedLimit(input.limit) };
    return await this.#service.setForTenant(askingOf(context), wanted);
  }

  @Authorized("limits:write")
  @Mutation(() => TenantLimitType, { description: "Sets a limit of one of the tenant's own API keys." })
  async setApiKeyLimit(
    @Ctx() context: RequestContext,
    @Arg("input", () => SetApiKeyLimitInputType, { description: "The limit to set." }) input: SetApiKeyLimitInputType,
  ): Promise<TenantLimit> {
    const wanted = { apiKeyId: input.apiKeyId, limit: wantedLimit(input.limit) };
    return await this.#service.setForApiKey(askingOf(context), wanted);
  }

  @Authorized("limits:write")
  @Mutation(() => TenantLimitType, {
    description: "Removes a limit that was set for a tenant or a key. What an operator set, only an operator removes.",
  })
  async removeLimit(
    @Ctx() context: RequestContext,
    @Arg("input", () => RemoveLimitInputType, { description: "The limit to remove." }) input: RemoveLimitInputType,
  ): Promise<TenantLimit> {
    return await this.#service.remove(askingOf(context), { tenantId: input.tenantId ?? undefined, id: input.id });
  }
}

function askingOf(context: RequestContext) {
  return { principal: principalOf(context), requestId: context.requestId };
}
