import { Arg, Authorized, Ctx, Query, Resolver } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import { periodOf } from "../../core/period.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { noSuchPlan, otherCurrency, tenantOf } from "../tenants/subscription.service.ts";
import { ChangePlanInputType } from "../tenants/subscription.types.ts";
import type { PlanChangeStore } from "./plan-change.store.ts";
import { planChangePreview } from "./plan-change.ts";
import { PlanChangePreviewType, toPreviewType } from "./plan-change.types.ts";

@Resolver(() => PlanChangePreviewType)
export class PlanChangeResolver {
  readonly #store: PlanChangeStore;

  constructor(store: PlanChangeStore) {
    this.#store = store;
  }

  @Authorized("subscriptions:write")
  @Query(() => PlanChangePreviewType, {
    description: "What changePlan would come to with the same input, refusals included; it changes nothing.",
  })
  async previewPlanChange(
    @Ctx() context: RequestContext,
    @Arg("input", () => ChangePlanInputType, { description: "The change of plan." }) input: ChangePlanInputType,
  ): Promise<PlanChangePreviewType> {
    const principal = principalOf(context);
    const facts = await this.#store.tenantFacts(tenantOf(principal, input.tenantId ?? undefined));
    if (facts === undefined) throw notFound("tenant");
    const plan = await this.#store.offeredPlan(input.plan);
    if (plan === undefined || (principal.kind !== "OPERATOR" && !plan.isSelfService)) throw noSuchPlan();
    const { currency, now, anchorDay } = facts.tenant;
    if (plan.currency !== currency) throw otherCurrency(input.plan, currency);
    const period = periodOf(now, anchorDay);
    return toPreviewType(planChangePreview(facts.tenures, { now, period, when: input.when, next: plan, currency }));
  }
}
