import { Arg, Authorized, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { PlanType } from "../plans/plan.types.ts";
import { type SubscriptionService, tenantOf } from "./subscription.service.ts";
import type { SubscriptionStore } from "./subscription.store.ts";
import type { Subscription } from "./subscription.ts";
import { ChangePlanInputType, PlanSubscriptionType } from "./subscription.types.ts";
import { TenantType } from "./tenant.types.ts";

interface SubscriptionResolverOptions {
  service: SubscriptionService;
  /** The plan as it is in each of the versions. */
  plansByVersion: (versionIds: string[]) => Promise<Map<string, PlanType>>;
}

const mostShown = 24;

@Resolver(() => PlanSubscriptionType)
export class SubscriptionResolver {
  readonly #options: SubscriptionResolverOptions;

  constructor(options: SubscriptionResolverOptions) {
    this.#options = options;
  }

  @Authorized("subscriptions:write")
  @Mutation(() => PlanSubscriptionType, {
    description:
      "Moves a tenant to the latest version of a plan: operators any tenant, owners their own to plans that are " +
      "self-service. A change that was asked for earlier and has not come is withdrawn.",
  })
  async changePlan(
    @Ctx() context: RequestContext,
    @Arg("input", () => ChangePlanInputType, { description: "The change of plan." }) input: ChangePlanInputType,
  ): Promise<Subscription> {
    return await this.#options.service.changePlan(principalOf(context), {
      tenantId: input.tenantId ?? undefined,
      plan: input.plan,
      when: input.when,
      requestId: context.requestId,
    });
  }

  @FieldResolver(() => PlanType, { description: "The plan, in the version that it is on." })
  async plan(@Root() subscription: Subscription): Promise<PlanType> {
    const plans = await this.#options.plansByVersion([subscription.planVersionId]);
    const plan = plans.get(subscription.planVersionId);
    if (plan === undefined) throw new Error(`the plan version ${subscription.planVersionId} is not there`);
    return plan;
  }
}

/** The tenant's side of it. */
@Resolver(() => TenantType)
export class TenantSubscriptionsResolver {
  readonly #store: SubscriptionStore;

  constructor(store: SubscriptionStore) {
    this.#store = store;
  }

  @Authorized("plans:read")
  @FieldResolver(() => [PlanSubscriptionType], {
    description: "The plans that it is on, was on and will be on: the latest 24, the one that begins last first.",
  })
  async subscriptions(@Root() tenant: TenantType, @Ctx() context: RequestContext): Promise<Subscription[]> {
    return await this.#store.latest(tenantOf(principalOf(context), tenant.id), mostShown);
  }
}
