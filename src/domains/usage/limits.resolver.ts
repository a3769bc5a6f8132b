import { Authorized, Ctx, Query, Resolver } from "type-graphql";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { LimitStatus, LimitsStore } from "./limits.store.ts";
import { LimitStatusType } from "./limits.types.ts";

@Resolver(() => LimitStatusType)
export class LimitsResolver {
  readonly #store: LimitsStore;

  constructor(store: LimitsStore) {
    this.#store = store;
  }

  @Authorized("usage:read")
  @Query(() => [LimitStatusType], {
    description: "Every limit that applies to the principal, now: its tenant's, and its own where it is an API key.",
  })
  async limits(@Ctx() context: RequestContext): Promise<LimitStatus[]> {
    const principal = tenantPrincipalOf(context);
    return await this.#store.limitsOf(
      principal.tenantId,
      principal.kind === "API_KEY" ? principal.apiKeyId : undefined,
    );
  }
}
