import { Field, ID, InputType } from "type-graphql";

@InputType("ChangePasswordInput", { description: "A person's new password, and the one that it takes the place of." })
export class ChangePasswordInputType {
  @Field(() => String, { description: "The password until now." })
  currentPassword: string;

  @Field(() => String, { description: "The password from now on, of 12 to 256 characters." })
  newPassword: string;
}

@InputType("SwitchTenantInput", { description: "Where a person goes on." })
export class SwitchTenantInputType {
  @Field(() => ID, {
    nullable: true,
    description: "A tenant that they are a member of; without it, above tenants, as the operator that they are.",
  })
  tenantId: string | null;
}
