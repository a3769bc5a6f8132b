import { Arg, Args, Authorized, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { notFound, TollgateError } from "../../core/errors.ts";
import { principalOf, type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { InvitationStore } from "./invitation.store.ts";
import type { Invitation } from "./invitation.ts";
import type { By, MemberService } from "./member.service.ts";
import {
  AcceptInvitationInputType,
  ChangeMemberRoleInputType,
  InvitationConnectionType,
  InvitationType,
  InvitedMemberType,
  InviteMemberInputType,
  RemoveMemberInputType,
  RevokeInvitationInputType,
} from "./member.types.ts";
import type { Tenant } from "./tenant.store.ts";
import { TenantType } from "./tenant.types.ts";

interface Dependencies {
  service: MemberService;
  invitations: InvitationStore;
  now: () => Date;
}

@Resolver(() => TenantType)
export class MemberResolver {
  readonly #service: MemberService;
  readonly #invitations: InvitationStore;
  readonly #now: () => Date;

  constructor({ service, invitations, now }: Dependencies) {
    this.#service = service;
    this.#invitations = invitations;
    this.#now = now;
  }

  @Authorized("members:write")
  @FieldResolver(() => InvitationConnectionType, {
    description: "Invitations that can still be accepted, newest first.",
  })
  async invitations(
    @Root() tenant: Tenant,
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<Invitation>> {
    const { tenantId } = tenantPrincipalOf(context);
    if (tenant.id !== tenantId) throw notFound("tenant");
    const page = await this.#invitations.openPage(tenantId, this.#now(), pageRequestOf(args));
    return toConnection(page, (invitation) => invitation);
  }

  @Authorized("members:write")
  @Mutation(() => InvitedMemberType, { description: "Offers an address a place in the tenant, for seven days." })
  async inviteMember(
    @Ctx() context: RequestContext,
    @Arg("input", () => InviteMemberInputType, { description: "Whom to invite." }) input: InviteMemberInputType,
  ): Promise<InvitedMemberType> {
    return await this.#service.invite(byOf(context), input);
  }

  @Authorized("members:write")
  @Mutation(() => InvitationType, { description: "Withdraws an invitation. One that is over stays as it is." })
  async revokeInvitation(
    @Ctx() context: RequestContext,
    @Arg("input", () => RevokeInvitationInputType, { description: "Which one." }) { id }: RevokeInvitationInputType,
  ): Promise<Invitation> {
    return await this.#service.revokeInvitation(byOf(context), id);
  }

  @Mutation(() => String, {
    description: "Makes whoever was invited a member, and answers with the email that they now sign in with.",
  })
  async acceptInvitation(
    @Ctx() { clientAddress, requestId }: RequestContext,
    @Arg("input", () => AcceptInvitationInputType, { description: "The invitation and who accepts it." })
    { token, password }: AcceptInvitationInputType,
  ): Promise<string> {
    return (await this.#service.accept({ token, password, clientAddress, requestId })).email;
  }

  @Authorized("members:write")
  @Mutation(() => Boolean, { description: "Gives a member another role; it holds within a second." })
  async changeMemberRole(
    @Ctx() context: RequestContext,
    @Arg("input", () => ChangeMemberRoleInputType, { description: "Who becomes what." })
    input: ChangeMemberRoleInputType,
  ): Promise<boolean> {
    await this.#service.changeRole(byOf(context), input);
    return true;
  }

  @Authorized("members:write")
  @Mutation(() => Boolean, {
    description: "Takes a member's place away: they are refused everywhere within a second.",
  })
  async removeMember(
    @Ctx() context: RequestContext,
    @Arg("input", () => RemoveMemberInputType, { description: "Whom." }) { userId }: RemoveMemberInputType,
  ): Promise<boolean> {
    await this.#service.remove(byOf(context), userId);
    return true;
  }

  @Authorized("tenant:read")
  @Mutation(() => Boolean, {
    description: "Gives up one's own place in the tenant, whatever one's role. Its last owner has to stay.",
  })
  async leaveTenant(@Ctx() context: RequestContext): Promise<boolean> {
    const by = byOf(context);
    await this.#service.remove(by, by.principal.userId);
    return true;
  }
}

function byOf(context: RequestContext): By {
  const principal = principalOf(context);
  if (principal.kind === "MEMBER") return { principal, requestId: context.requestId };
  throw new TollgateError("FORBIDDEN", "Members are managed by a person of the tenant. Sign in as one.");
}
