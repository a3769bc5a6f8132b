import { Authorized, Query, Resolver } from "type-graphql";
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
}
