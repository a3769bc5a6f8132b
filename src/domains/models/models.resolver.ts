import { Arg, Args, Authorized, Ctx, Query, Resolver } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { Catalogue } from "./catalogue.ts";
import { ModelConnectionType, ModelType, toModelType } from "./models.types.ts";
import { viewerOf } from "./visibility.ts";

@Resolver(() => ModelType)
export class ModelsResolver {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  @Authorized("models:read")
  @Query(() => ModelConnectionType, { description: "The models that the principal may call." })
  models(@Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs): Connection<ModelType> {
    const page = this.#catalogue.page(viewerOf(principalOf(context)), pageRequestOf(args));
    return toConnection(page, (model) => toModelType(this.#catalogue, model));
  }

  @Authorized("models:read")
  @Query(() => ModelType, { description: "One model, by its name." })
  model(
    @Ctx() context: RequestContext,
    @Arg("name", () => String, { description: "The model's name, such as `digits`." }) name: string,
  ): ModelType {
    return toModelType(this.#catalogue, this.#catalogue.byName(viewerOf(principalOf(context)), name));
  }
}
