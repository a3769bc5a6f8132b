import { Arg, Authorized, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { actorId } from "../../core/principal.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import type { PlanService } from "./plan.service.ts";
import type { Plan, PlanStore } from "./plan.store.ts";
import { PlanQuotaType, PlanType } from "./plan.types.ts";
import { CreatePlanInputType, CreatePlanVersionInputType, wantedTerms } from "./plan-inputs.types.ts";

const mostVersions = 50;

@Resolver(() => PlanType)
export class PlanResolver {
  readonly #store: PlanStore;
  readonly #service: PlanService;

  constructor(store: PlanStore, service: PlanService) {
    this.#store = store;
    this.#service = service;
  }

  @Authorized("plans:read")
  @Query(() => [PlanType], { description: "The plans on offer, by name." })
  async plans(): Promise<Plan[]> {
    return await this.#store.offered();
  }

  @Authorized("plans:write")
  @Query(() => [PlanType], {
    description: "The versions of a plan, the latest first: at most 50, and none of a plan that there is not.",
  })
  async planVersions(@Arg("plan", () => String, { description: "The plan, by name." }) plan: string): Promise<Plan[]> {
    return await this.#store.versionsOf(plan, mostVersions);
  }

  @FieldResolver(() => [PlanQuotaType], {
    description: "The tenant's quotas of all models in a billing period; a meter that is not here has none.",
  })
  quotas(@Root() plan: Plan): PlanQuotaType[] {
    return plan.limits.flatMap(({ kind, appliesTo, period, modelId, meter, limit }) => {
      const isWhole =
        kind === "QUOTA" && appliesTo === "TENANT" && period === "BILLING_PERIOD" && modelId === undefined;
      return isWhole && meter !== undefined ? [{ meter, quantity: limit }] : [];
    });
  }

  @Authorized("plans:write")
  @Mutation(() => PlanType, { description: "Makes a plan with its first version; for operators." })
  async createPlan(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreatePlanInputType, { description: "The plan to make." }) input: CreatePlanInputType,
  ): Promise<Plan> {
    const { name, isSelfService, terms } = input;
    return await this.#service.createPlan({ name, isSelfService, terms: wantedTerms(terms), ...byWhom(context) });
  }

  @Authorized("plans:write")
  @Mutation(() => PlanType, {
    description: "Makes the next version of a plan; for operators. Subscriptions keep theirs until they are moved.",
  })
  async createPlanVersion(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreatePlanVersionInputType, { description: "The version to make." })
    input: CreatePlanVersionInputType,
  ): Promise<Plan> {
    const { plan, basedOn, terms } = input;
    return await this.#service.createVersion({ plan, basedOn, terms: wantedTerms(terms), ...byWhom(context) });
  }
}

function byWhom(context: RequestContext) {
  return { actorId: actorId(principalOf(context)), requestId: context.requestId };
}
