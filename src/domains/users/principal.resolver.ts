import { Authorized, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { actorId, type Principal } from "../../core/principal.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { PrincipalType } from "./principal.types.ts";
import type { User, UserStore } from "./user.store.ts";
import { UserType } from "./user.types.ts";

@Resolver(() => PrincipalType)
export class PrincipalResolver {
  readonly #users: UserStore;

  constructor(users: UserStore) {
    this.#users = users;
  }

  @Authorized()
  @Query(() => PrincipalType, { description: "Who is asking, and what they may do." })
  me(@Ctx() context: RequestContext): PrincipalType {
    return toPrincipal(principalOf(context));
  }

  @FieldResolver(() => UserType, { nullable: true, description: "The person, if one asks." })
  async user(@Root() { userId }: PrincipalType): Promise<User | null> {
    return userId === undefined ? null : ((await this.#users.find(userId)) ?? null);
  }

  @FieldResolver(() => Boolean, {
    description: "Whether the person who asks may also act above tenants, as an operator of the platform.",
  })
  async isOperator(@Root() { userId }: PrincipalType): Promise<boolean> {
    return userId !== undefined && (await this.#users.find(userId))?.isOperator === true;
  }
}

function toPrincipal(principal: Principal): PrincipalType {
  return {
    kind: principal.kind,
    id: actorId(principal),
    permissions: [...principal.permissions].sort(),
    tenantId: principal.kind === "OPERATOR" ? null : principal.tenantId,
    apiKeyId: principal.kind === "API_KEY" ? principal.apiKeyId : null,
    userId: principal.kind === "API_KEY" ? undefined : principal.userId,
  };
}
