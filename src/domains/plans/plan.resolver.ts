import { Authorized, Query, Resolver } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import type { Plan, PlanStore } from "./plan.store.ts";
import { PlanType } from "./plan.types.ts";

@Resolver(() => PlanType)
export class PlanResolver {
  readonly #store: PlanStore;

  constructor(store: PlanStore) {
    this.#store = store;
  }

  @Authorized("plans:read")
  @Query(() => [PlanType], { description: "The plans on offer, by name." })
  async plans(): Promise<Plan[]> {
    return await this.#store.offered();
  }

  /** What `node` finds under an id of a plan. */
  async node(id: string, context: RequestContext): Promise<PlanType | undefined> {
    if (!principalOf(context).permissions.has("plans:read")) return undefined;
    const plan = (await this.#store.offered()).find((offered) => offered.id === id);
    return plan && Object.assign(new PlanType(), plan);
  }
}
