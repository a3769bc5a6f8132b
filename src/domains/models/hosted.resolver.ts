import { Arg, Args, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { Catalogue } from "./catalogue.ts";
import {
  type FindTenants,
  HostedModelConnectionType,
  type HostedModelType,
  ModelOffersType,
  toHostedVersionType,
} from "./hosted.types.ts";
import type { Model } from "./model.ts";
import { ModelOwner, ModelType } from "./models.types.ts";

const mostTenants = 100;

/** What operators see of models: whose they are, where they stand, and who may call them. */
@Resolver(() => ModelType)
export class HostedModelsResolver {
  readonly #catalogue: Catalogue;
  readonly #findTenants: FindTenants;

  constructor(catalogue: Catalogue, findTenants: FindTenants) {
    this.#catalogue = catalogue;
    this.#findTenants = findTenants;
  }

  @Authorized("engine:read")
  @Query(() => HostedModelConnectionType, {
    description: "The models of the platform and of all tenants, the oldest first; for operators.",
  })
  async hostedModels(
    @Args(() => PageArgs) args: PageArgs,
    @Arg("owner", () => ModelOwner, { nullable: true, description: "Only the platform's, or only those of tenants." })
    owner: keyof typeof ModelOwner | null,
  ): Promise<Connection<HostedModelType>> {
    const isWanted = ({ ownerTenantId }: Model) => !owner || (owner === "PLATFORM") === (ownerTenantId === undefined);
    const page = this.#catalogue.pageOfAll(isWanted, pageRequestOf(args));
    const tenants = await this.#findTenants(page.nodes.flatMap(({ ownerTenantId = [] }) => ownerTenantId));
    return toConnection(page, (model) => ({
      id: model.id,
      name: model.name,
      task: model.task,
      tenant: tenants.get(model.ownerTenantId ?? "") ?? null,
      createdAt: model.createdAt,
      versions: model.versions.map((version) =>
        toHostedVersionType({ model, version }, { catalogue: this.#catalogue, tenants }),
      ),
    }));
  }

  @FieldResolver(() => ModelOffersType, {
    nullable: true,
    description: "Who may call it; of the platform's models, for operators.",
  })
  async offers(@Root() { id }: ModelType, @Ctx() context: RequestContext): Promise<ModelOffersType | null> {
    const model = this.#catalogue.byId(id);
    if (principalOf(context).kind !== "OPERATOR" || model === undefined || model.ownerTenantId !== undefined)
      return null;
    const tenants = await this.#findTenants([...model.offeredTo].slice(0, mostTenants));
    return {
      isToAll: model.isOfferedToAll,
      tenants: [...tenants.values()].toSorted((a, b) => a.name.localeCompare(b.name)),
      tenantCount: model.offeredTo.size,
    };
  }
}
