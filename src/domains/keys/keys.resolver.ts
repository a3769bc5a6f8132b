import { Arg, Args, Authorized, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import { wantedLimit } from "../plans/plan-inputs.types.ts";
import type { ApiKey } from "./api-key.ts";
import type { ApiKeyService, IssuedApiKey, Requester } from "./keys.service.ts";
import type { ApiKeyStore } from "./keys.store.ts";
import {
  ApiKeyConnectionType,
  ApiKeyType,
  IssueApiKeyInputType,
  IssuedApiKeyType,
  RevokeApiKeyInputType,
  RotateApiKeyInputType,
} from "./keys.types.ts";

@Resolver(() => ApiKeyType)
export class ApiKeyResolver {
  readonly #store: ApiKeyStore;
  readonly #service: ApiKeyService;

  constructor({ store, service }: { store: ApiKeyStore; service: ApiKeyService }) {
    this.#store = store;
    this.#service = service;
  }

  @Authorized("keys:read")
  @Query(() => ApiKeyConnectionType, { description: "The API keys of the principal's tenant, newest first." })
  async apiKeys(@Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs): Promise<Connection<ApiKey>> {
    const { tenantId } = tenantPrincipalOf(context);
    return toConnection(await this.#store.page(tenantId, pageRequestOf(args)), (apiKey) => apiKey);
  }

  @Authorized("keys:write")
  @Mutation(() => IssuedApiKeyType, {
    description: "Makes an API key. The answer is the only place where its secret is.",
  })
  async issueApiKey(
    @Ctx() context: RequestContext,
    @Arg("input", () => IssueApiKeyInputType, { description: "The key to make." }) input: IssueApiKeyInputType,
  ): Promise<IssuedApiKey> {
    return await this.#service.issue(requesterOf(context), {
      name: input.name,
      permissions: input.permissions,
      expiresAt: input.expiresAt ?? undefined,
      allowedCidrs: input.allowedCidrs ?? [],
      limits: (input.limits ?? []).map(wantedLimit),
    });
  }

  @Authorized("keys:write")
  @Mutation(() => IssuedApiKeyType, {
    description: "Makes a key like another one, which then stops by itself after the overlap.",
  })
  async rotateApiKey(
    @Ctx() context: RequestContext,
    @Arg("input", () => RotateApiKeyInputType, { description: "The key to replace." }) input: RotateApiKeyInputType,
  ): Promise<IssuedApiKey> {
    return await this.#service.rotate(requesterOf(context), input);
  }

  @Authorized("keys:write")
  @Mutation(() => ApiKeyType, {
    description: "Stops a key for good: within a second it is refused everywhere. One that is revoked stays as it is.",
  })
  async revokeApiKey(
    @Ctx() context: RequestContext,
    @Arg("input", () => RevokeApiKeyInputType, { description: "The key to stop." }) input: RevokeApiKeyInputType,
  ): Promise<ApiKey> {
    return await this.#service.revoke(requesterOf(context), input.id);
  }
}

function requesterOf(context: RequestContext): Requester {
  return { principal: tenantPrincipalOf(context), requestId: context.requestId };
}
