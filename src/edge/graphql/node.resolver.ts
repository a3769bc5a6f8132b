import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import type { Permission } from "../../core/permission.ts";
import type { Principal } from "../../core/principal.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { requirePermission } from "./authorize.ts";

/** How one kind of thing is looked up. */
export interface NodeLoader {
  /** What the principal needs to look at things of this kind, whether or not there is one with the id. */
  permission: Permission;
  /** The thing with the id, if the principal may see it. */
  find: (id: string, principal: Principal) => Promise<object | undefined> | object | undefined;
}

/** Anything by its id. Which loader is asked, the id's own prefix says. */
@Resolver()
export class NodeResolver {
  readonly #loaders: ReadonlyMap<string, NodeLoader>;

  /** @param loaders by the prefix of the ids that they know, such as `key`. */
  constructor(loaders: ReadonlyMap<string, NodeLoader>) {
    this.#loaders = loaders;
  }

  @Query(() => NodeType, { nullable: true, description: "Anything of the principal's, by its id." })
  async node(
    @Ctx() context: RequestContext,
    @Arg("id", () => ID, { description: "The id, such as `key_…` or `mod_…`." }) id: string,
  ): Promise<object> {
    const principal = principalOf(context);
    const loader = this.#loaders.get(id.split("_", 1)[0] ?? "");
    if (loader === undefined) throw notFound("node");
    requirePermission(principal, loader.permission);
    const found = await loader.find(id, principal);
    if (found === undefined) throw notFound("node");
    return found;
  }
}
