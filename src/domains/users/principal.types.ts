import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import type { Principal } from "../../core/principal.ts";

const principalKinds = { API_KEY: "API_KEY", MEMBER: "MEMBER", OPERATOR: "OPERATOR" } as const satisfies {
  [Kind in Principal["kind"]]: Kind;
};

registerEnumType(principalKinds, {
  name: "PrincipalKind",
  description: "What somebody who asks can be.",
  valuesConfig: {
    API_KEY: { description: "A machine of a tenant." },
    MEMBER: { description: "A person, in the tenant that they signed in to." },
    OPERATOR: { description: "A person of the platform, above tenants." },
  },
});

@ObjectType("Principal", { description: "Who is asking, and what they may do.", simpleResolvers: true })
export class PrincipalType {
  @Field(() => principalKinds, { description: "What they are." })
  kind: Principal["kind"];

  @Field(() => ID, { description: "The id of the API key or of the user." })
  id: string;

  @Field(() => [String], { description: "All that they may do, as `noun:verb`, in alphabetical order." })
  permissions: string[];

  @Field(() => ID, { nullable: true, description: "The tenant that they belong to; an operator has none." })
  tenantId: string | null;

  @Field(() => ID, { nullable: true, description: "The API key, if a machine asks." })
  apiKeyId: string | null;

  /** For the fields about the person, who is looked up only when they are asked for. */
  userId: string | undefined;
}
