import { Field, ID, ObjectType } from "type-graphql";

@ObjectType("User", { description: "A person who signs in.", simpleResolvers: true })
export class UserType {
  @Field(() => ID, { description: "The user's id." })
  id: string;

  @Field(() => String, { description: "The address that they sign in with." })
  email: string;
}
