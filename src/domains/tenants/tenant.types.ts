import { GraphQLDateTime } from "graphql-scalars";
import { Field, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import type { Role } from "../../core/permission.ts";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { defaultPlanName } from "../plans/plan-version.ts";
import { UserType } from "../users/user.types.ts";

export const roles = { OWNER: "OWNER", ADMIN: "ADMIN", DEVELOPER: "DEVELOPER", FINANCE: "FINANCE" } as const satisfies {
  [Name in Role]: Name;
};

registerEnumType(roles, {
  name: "MemberRole",
  description: "What a member may do in the tenant: a named set of permissions.",
  valuesConfig: {
    OWNER: { description: "Everything in the tenant." },
    ADMIN: { description: "Everything in the tenant." },
    DEVELOPER: { description: "Asks models, and sees models, usage, limits and API keys." },
    FINANCE: { description: "Sees usage and plans." },
  },
});

@ObjectType("Tenant", {
  implements: NodeType,
  description: "An organisation whose data nobody else sees.",
  simpleResolvers: true,
})
export class TenantType extends NodeType {
  @Field(() => String, { description: "What it is called." })
  name: string;

  @Field(() => String, { description: "The currency of all its amounts, as three letters of ISO 4217." })
  currency: string;

  @Field(() => GraphQLDateTime, { description: "When it was made." })
  createdAt: Date;
}

@ObjectType("Member", { description: "A user's place in a tenant.", simpleResolvers: true })
export class MemberType {
  /** The user's, for the cursor of a list. */
  id: string;

  @Field(() => UserType, { description: "Whose place it is." })
  user: UserType;

  @Field(() => roles, { description: "What they may do there." })
  role: Role;

  @Field(() => GraphQLDateTime, { description: "When they joined." })
  createdAt: Date;
}

export const TenantConnectionType = connectionType("Tenant", () => TenantType);
export const MemberConnectionType = connectionType("Member", () => MemberType);

@InputType("CreateTenantInput", { description: "The tenant to make." })
export class CreateTenantInputType {
  @Field(() => String, { description: "What it is called, in 1 to 100 characters." })
  name: string;

  @Field(() => String, { defaultValue: defaultPlanName, description: "The name of the plan that it starts on." })
  plan: string;

  @Field(() => Int, {
    defaultValue: 1,
    description:
      "The day of the month on which its billing periods begin, 1 to 31; in a month that has no such day, its last.",
  })
  billingAnchorDay: number;

  @Field(() => String, { description: "The email of its owner, who is made a user if they are none yet." })
  ownerEmail: string;
}

@ObjectType("CreatedTenant", { description: "A tenant that was made just now.", simpleResolvers: true })
export class CreatedTenantType {
  @Field(() => TenantType, { description: "The tenant." })
  tenant: TenantType;

  @Field(() => String, {
    nullable: true,
    description: "The owner's password, shown this once; null if the owner was a user already and keeps theirs.",
  })
  ownerPassword: string | null;
}
