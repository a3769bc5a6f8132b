import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";

@ObjectType("AuditEvent", { implements: NodeType, description: "Who did what to what, when.", simpleResolvers: true })
export class AuditEventType extends NodeType {
  @Field(() => ID, { description: "The API key or user that did it." })
  actorId: string;

  @Field(() => String, { description: "What was done, as `noun.verb`." })
  action: string;

  @Field(() => ID, { description: "What it was done to." })
  subjectId: string;

  @Field(() => GraphQLJSONObject, { description: "What else there is to know of it; never a secret." })
  details: Record<string, unknown>;

  @Field(() => GraphQLDateTime, { description: "When it was done." })
  occurredAt: Date;
}

export const AuditEventConnectionType = connectionType("AuditEvent", () => AuditEventType);
