import { Arg, Args, Authorized, Query, Resolver } from "type-graphql";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { Catalogue } from "./catalogue.ts";
import { ModelConnectionType, ModelType, toModelType } from "./models.types.ts";

@Resolver(() => ModelType)
export class ModelsResolver {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  @Authorized("models:read")
  @Query(() => ModelConnectionType, { description: "The models that the principal may call." })
  models(@Args(() => PageArgs) args: PageArgs): Connection<ModelType> {
    return toConnection(this.#catalogue.page(pageRequestOf(args)), (model) => toModelType(this.#catalogue, model));
  }

  @Authorized("models:read")
  @Query(() => ModelType, { description: "One model, by its name." })
  model(@Arg("name", () => String, { description: "The model's name, such as `digits`." }) name: string): ModelType {
    return toModelType(this.#catalogue, this.#catalogue.byName(name));
  }
}
