import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { LimitInputType } from "../plans/plan-inputs.types.ts";

@ObjectType("ApiKey", {
  implements: NodeType,
  description: "A machine's credential. Its secret is shown once, when it is made.",
  simpleResolvers: true,
})
export class ApiKeyType extends NodeType {
  @Field(() => String, { description: "What the tenant calls it." })
  name: string;

  @Field(() => String, { description: "How the secret begins, to tell keys apart by sight." })
  prefix: string;

  @Field(() => [String], { description: "What it may do, as `noun:verb`." })
  permissions: string[];

  @Field(() => [String], { description: "The ranges of addresses that it may be used from; empty means anywhere." })
  allowedCidrs: string[];

  @Field(() => GraphQLDateTime, { description: "When it was made." })
  createdAt: Date;

  @Field(() => ID, { description: "The user that made it." })
  createdBy: string;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it stops by itself, if ever." })
  expiresAt: Date | undefined;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was last used, a few seconds late." })
  lastUsedAt: Date | undefined;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When somebody stopped it." })
  revokedAt: Date | undefined;

  @Field(() => ID, { nullable: true, description: "The key that took its place when it was rotated." })
  rotatedTo: string | undefined;
}

export const ApiKeyConnectionType = connectionType("ApiKey", () => ApiKeyType);

@ObjectType("IssuedApiKey", { description: "A new key with its secret.", simpleResolvers: true })
export class IssuedApiKeyType {
  @Field(() => ApiKeyType, { description: "The key." })
  apiKey: ApiKeyType;

  @Field(() => String, {
    description: "What to send as `Authorization: Bearer …`. It is shown this once: store it now.",
  })
  secret: string;
}

@InputType("IssueApiKeyInput", { description: "The key to make." })
export class IssueApiKeyInputType {
  @Field(() => String, { description: "What to call it, 1 to 100 characters." })
  name: string;

  @Field(() => [String], { description: "What it may do, as `noun:verb`; only what you may do yourself." })
  permissions: string[];

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it is to stop by itself; never without it." })
  expiresAt: Date | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The ranges that it may be used from, such as `203.0.113.0/24` or `2001:db8::/32`; anywhere without it.",
  })
  allowedCidrs: string[] | null;

  @Field(() => [LimitInputType], {
    nullable: true,
    description: "Limits of the key's own, beside those of the tenant and its plan.",
  })
  limits: LimitInputType[] | null;
}

@InputType("RotateApiKeyInput", { description: "The key to replace." })
export class RotateApiKeyInputType {
  @Field(() => ID, { description: "The key to replace." })
  id: string;

  @Field(() => Int, {
    defaultValue: 3600,
    description: "For how many seconds the old key still works beside the new one, 0 to 604800 (7 days).",
  })
  overlapSeconds: number;
}

@InputType("RevokeApiKeyInput", { description: "The key to stop." })
export class RevokeApiKeyInputType {
  @Field(() => ID, { description: "The key to stop." })
  id: string;
}
