import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";

@InputType("SignInInput", { description: "Who signs in, and where to." })
export class SignInInputType {
  @Field(() => String, { description: "The user's email." })
  email: string;

  @Field(() => String, { description: "The user's password." })
  password: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The tenant to sign in to; without it an operator signs in as one, and a member to the first they joined.",
  })
  tenantId: string | null;
}

@InputType("RefreshAccessTokenInput", { description: "What a new access token is asked for with." })
export class RefreshAccessTokenInputType {
  @Field(() => String, { description: "The latest refresh token of the sign-in; it can be used once." })
  refreshToken: string;
}

@ObjectType("SignedIn", { description: "What a person holds after signing in.", simpleResolvers: true })
export class SignedInType {
  @Field(() => String, { description: "To be sent as `Authorization: Bearer …` with each request; lives 15 minutes." })
  accessToken: string;

  @Field(() => String, {
    description: "Gets the next access token, once, with a new refresh token; the sign-in ends after 30 days.",
  })
  refreshToken: string;

  @Field(() => GraphQLDateTime, { description: "When the access token stops by itself." })
  expiresAt: Date;
}
