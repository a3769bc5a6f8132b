import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { LimitTermsType } from "../plans/limit.types.ts";
import { LimitInputType } from "../plans/plan-inputs.types.ts";

@ObjectType("TenantLimit", {
  description: "A limit of a tenant or of one of its keys, beside those of its plan or in the place of one.",
  simpleResolvers: true,
})
export class TenantLimitType extends LimitTermsType {
  @Field(() => ID, { nullable: true, description: "The key that it is for; without it, the whole tenant." })
  apiKeyId: string | undefined;

  @Field(() => Boolean, {
    description:
      "Whether an operator set it, in the place of the plan's limit of the same kind, meter, model and period; " +
      "otherwise it holds beside it.",
  })
  replacesPlan: boolean;

  @Field(() => GraphQLDateTime, { description: "When it was set." })
  createdAt: Date;

  @Field(() => ID, { description: "Who set it." })
  createdBy: string;
}

@InputType("SetTenantLimitInput", { description: "The limit to set." })
export class SetTenantLimitInputType {
  @Field(() => ID, { nullable: true, description: "The tenant; for operators. Without it, the principal's own." })
  tenantId: string | null;

  @Field(() => LimitInputType, { description: "The limit; it replaces one of the same kind, meter, model and period." })
  limit: LimitInputType;
}

@InputType("SetApiKeyLimitInput", { description: "The limit to set." })
export class SetApiKeyLimitInputType {
  @Field(() => ID, { description: "The key." })
  apiKeyId: string;

  @Field(() => LimitInputType, { description: "The limit; it replaces one of the same kind, meter, model and period." })
  limit: LimitInputType;
}

@InputType("RemoveLimitInput", { description: "The limit to remove." })
export class RemoveLimitInputType {
  @Field(() => ID, { nullable: true, description: "The tenant; for operators. Without it, the principal's own." })
  tenantId: string | null;

  @Field(() => ID, { description: "The limit, of the tenant or of one of its keys; a plan's cannot be removed." })
  id: string;
}
