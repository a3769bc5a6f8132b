import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import type { Role } from "../../core/permission.ts";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { roles } from "./tenant.types.ts";

@ObjectType("Invitation", {
  implements: NodeType,
  description: "A place in a tenant that was offered to an address.",
  simpleResolvers: true,
})
export class InvitationType extends NodeType {
  @Field(() => String, { description: "The address that was invited." })
  email: string;

  @Field(() => roles, { description: "What they will be able to do." })
  role: Role;

  @Field(() => ID, { description: "The user who invited them." })
  invitedBy: string;

  @Field(() => GraphQLDateTime, { description: "When they were invited." })
  createdAt: Date;

  @Field(() => GraphQLDateTime, { description: "When it stops by itself." })
  expiresAt: Date;
}

export const InvitationConnectionType = connectionType("Invitation", () => InvitationType);

@ObjectType("InvitedMember", { description: "An invitation that was made just now.", simpleResolvers: true })
export class InvitedMemberType {
  @Field(() => InvitationType, { description: "The invitation." })
  invitation: InvitationType;

  @Field(() => String, {
    description: "What the person accepts it with, shown this once: hand it to them, and to nobody else.",
  })
  token: string;
}

@ObjectType("Membership", { description: "A place of the person who asks.", simpleResolvers: true })
export class MembershipType {
  @Field(() => ID, { description: "The tenant's id." })
  tenantId: string;

  @Field(() => String, { description: "What the tenant is called." })
  tenantName: string;

  @Field(() => roles, { description: "What the person may do there." })
  role: Role;
}

@InputType("InviteMemberInput", { description: "Whom to invite, and to what." })
export class InviteMemberInputType {
  @Field(() => String, { description: "Their email." })
  email: string;

  @Field(() => roles, { description: "What they will be able to do; only an owner makes owners." })
  role: Role;
}

@InputType("RevokeInvitationInput", { description: "The invitation to withdraw." })
export class RevokeInvitationInputType {
  @Field(() => ID, { description: "The invitation to withdraw." })
  id: string;
}

@InputType("AcceptInvitationInput", { description: "An invitation, and who accepts it." })
export class AcceptInvitationInputType {
  @Field(() => String, { description: "The token that stands in the link." })
  token: string;

  @Field(() => String, {
    description: "The password of the invited address; who has none yet chooses it here, of 12 to 256 characters.",
  })
  password: string;
}

@InputType("ChangeMemberRoleInput", { description: "A member and their new role." })
export class ChangeMemberRoleInputType {
  @Field(() => ID, { description: "The member's user id." })
  userId: string;

  @Field(() => roles, { description: "The role from now on." })
  role: Role;
}

@InputType("RemoveMemberInput", { description: "The member to remove." })
export class RemoveMemberInputType {
  @Field(() => ID, { description: "The member's user id." })
  userId: string;
}
