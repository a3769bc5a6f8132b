import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { PlanLimitType, PlanPriceType } from "../plans/plan.types.ts";
import type { Catalogue } from "./catalogue.ts";
import { isVisible, viewerOf } from "./visibility.ts";

const description = "What the model that it is for is called, where the principal may see it.";

/** What a model is called to whom it is visible. Undefined for everybody else, as for one that is gone. */
function nameOf(catalogue: Catalogue, context: RequestContext, modelId: string | undefined): string | undefined {
  const model = modelId === undefined ? undefined : catalogue.byId(modelId);
  return model !== undefined && isVisible(model, viewerOf(principalOf(context))) ? model.name : undefined;
}

/** Plans name models by id; people read names. */
@Resolver(() => PlanPriceType)
export class PriceModelResolver {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  @FieldResolver(() => String, { nullable: true, description })
  modelName(@Root() price: PlanPriceType, @Ctx() context: RequestContext): string | undefined {
    return nameOf(this.#catalogue, context, price.modelId);
  }
}

@Resolver(() => PlanLimitType)
export class PlanLimitModelResolver {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  @FieldResolver(() => String, { nullable: true, description })
  modelName(@Root() limit: PlanLimitType, @Ctx() context: RequestContext): string | undefined {
    return nameOf(this.#catalogue, context, limit.modelId);
  }
}
