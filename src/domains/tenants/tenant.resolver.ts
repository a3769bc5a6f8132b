import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { actorId } from "../../core/principal.ts";
import { principalOf, type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { TenantService } from "./tenant.service.ts";
import type { Tenant, TenantStore } from "./tenant.store.ts";
import {
  CreatedTenantType,
  CreateTenantInputType,
  MemberConnectionType,
  type MemberType,
  TenantConnectionType,
  TenantType,
} from "./tenant.types.ts";

@Resolver(() => TenantType)
export class TenantResolver {
  readonly #service: TenantService;
  readonly #store: TenantStore;

  constructor(service: TenantService, store: TenantStore) {
    this.#service = service;
    this.#store = store;
  }

  @Authorized("tenant:read")
  @Query(() => TenantType, { description: "The principal's own tenant; an operator has none." })
  async tenant(@Ctx() context: RequestContext): Promise<Tenant> {
    const tenant = await this.#store.find(tenantPrincipalOf(context).tenantId);
    if (tenant === undefined) throw notFound("tenant");
    return tenant;
  }

  @Authorized("tenants:read")
  @Query(() => TenantConnectionType, { description: "Every tenant, newest first; for operators." })
  async tenants(@Args(() => PageArgs) args: PageArgs): Promise<Connection<Tenant>> {
    return toConnection(await this.#store.page(pageRequestOf(args)), (tenant) => tenant);
  }

  @Authorized("tenants:read")
  @Query(() => TenantType, { description: "One tenant, by its id; for operators." })
  async managedTenant(@Arg("id", () => ID, { description: "The tenant's id." }) id: string): Promise<Tenant> {
    const tenant = isId("tenant", id) ? await this.#store.find(id) : undefined;
    if (tenant === undefined) throw notFound("tenant");
    return tenant;
  }

  @Authorized("tenant:read")
  @FieldResolver(() => MemberConnectionType, { description: "Who belongs to it; an operator sees into no tenant." })
  async members(
    @Root() tenant: Tenant,
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<MemberType>> {
    const { tenantId } = tenantPrincipalOf(context);
    if (tenant.id !== tenantId) throw notFound("tenant");
    const members = await this.#store.members(tenantId, pageRequestOf(args));
    return toConnection(members, (member) => ({ id: member.user.id, ...member }));
  }

  @Authorized("tenants:create")
  @Mutation(() => CreatedTenantType, { description: "Makes a tenant with its owner; for operators." })
  async createTenant(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateTenantInputType, { description: "The tenant to make." }) input: CreateTenantInputType,
  ): Promise<CreatedTenantType> {
    const { tenant, ownerPassword } = await this.#service.createTenant({
      name: input.name,
      planName: input.plan,
      ownerEmail: input.ownerEmail,
      billingAnchorDay: input.billingAnchorDay,
      actorId: actorId(principalOf(context)),
      requestId: context.requestId,
    });
    return { tenant, ownerPassword: ownerPassword ?? null };
  }
}
