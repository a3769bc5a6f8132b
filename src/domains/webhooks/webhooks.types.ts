import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import type { DeliveryStatus, DisabledFor } from "./webhook.ts";

export const WebhookDisabledFor = { ASKED: "ASKED", FAILING: "FAILING", GONE: "GONE" } as const;
registerEnumType(WebhookDisabledFor, {
  name: "WebhookDisabledFor",
  description: "Why an endpoint is sent nothing.",
  valuesConfig: {
    ASKED: { description: "Somebody disabled it." },
    FAILING: { description: "Nothing arrived there for five days." },
    GONE: { description: "It answered 410 Gone." },
  },
});

export const WebhookDeliveryStatus = { PENDING: "PENDING", DELIVERED: "DELIVERED", EXHAUSTED: "EXHAUSTED" } as const;
registerEnumType(WebhookDeliveryStatus, {
  name: "WebhookDeliveryStatus",
  description: "How a delivery stands.",
  valuesConfig: {
    PENDING: { description: "It is being sent, or will be again." },
    DELIVERED: { description: "The endpoint took it." },
    EXHAUSTED: { description: "It was tried for days and given up; it can be replayed." },
  },
});

@ObjectType("WebhookEndpoint", {
  implements: NodeType,
  description: "A URL that is told of events of the tenant. Its secret is shown once, when it is made or rotated.",
  simpleResolvers: true,
})
export class WebhookEndpointType extends NodeType {
  @Field(() => String, { description: "Where events are posted to." })
  url: string;

  @Field(() => [String], { description: "The types of events that it is told of, as `noun.verb`." })
  events: string[];

  @Field(() => String, { description: "What it is for." })
  description: string;

  @Field(() => Int, { description: "Which secret signs, counted from 1; rotating adds one." })
  secretVersion: number;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Until when the secret before signs as well." })
  previousSecretExpiresAt: Date | undefined;

  @Field(() => GraphQLDateTime, { description: "When it was made." })
  createdAt: Date;

  @Field(() => ID, { description: "The user that made it." })
  createdBy: string;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "Since when nothing arrived there; it is disabled after five days of that.",
  })
  failingSince: Date | undefined;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Since when it is sent nothing." })
  disabledAt: Date | undefined;

  @Field(() => WebhookDisabledFor, { nullable: true, description: "Why it is sent nothing." })
  disabledFor: DisabledFor | undefined;
}

export const WebhookEndpointConnectionType = connectionType("WebhookEndpoint", () => WebhookEndpointType);

@ObjectType("WebhookEventType", { description: "What a tenant can be told of.", simpleResolvers: true })
export class WebhookEventTypeType {
  @Field(() => String, { description: "The name that an endpoint asks for it by, as `noun.verb`." })
  name: string;

  @Field(() => String, { description: "When it happens." })
  description: string;
}

@ObjectType("WebhookEndpointWithSecret", { description: "An endpoint with its secret.", simpleResolvers: true })
export class WebhookEndpointWithSecretType {
  @Field(() => WebhookEndpointType, { description: "The endpoint." })
  endpoint: WebhookEndpointType;

  @Field(() => String, { description: "What to verify signatures with. It is shown this once: store it now." })
  secret: string;
}

@ObjectType("WebhookAttempt", { description: "What came of sending once.", simpleResolvers: true })
export class WebhookAttemptType {
  @Field(() => GraphQLDateTime, { description: "When it was sent." })
  at: Date;

  @Field(() => Int, { description: "How long it took, in milliseconds." })
  durationMs: number;

  @Field(() => Int, { nullable: true, description: "The HTTP status of the answer; none where no answer came." })
  responseCode: number | undefined;

  @Field(() => String, { nullable: true, description: "How the answer's body began." })
  responseStart: string | undefined;

  @Field(() => String, { nullable: true, description: "Why it does not count as arrived; none where it arrived." })
  error: string | undefined;
}

@ObjectType("WebhookDelivery", {
  implements: NodeType,
  description: "One event on its way to one endpoint.",
  simpleResolvers: true,
})
export class WebhookDeliveryType extends NodeType {
  @Field(() => ID, { description: "The endpoint that it goes to." })
  endpointId: string;

  @Field(() => ID, { description: "What the receiver knows the event by: the `webhook-id` header of every attempt." })
  eventId: string;

  @Field(() => String, { description: "What happened, as `noun.verb`." })
  eventType: string;

  @Field(() => GraphQLJSONObject, { description: "What there is to know of it: `data` in what is sent." })
  payload: Record<string, unknown>;

  @Field(() => GraphQLDateTime, { description: "When it happened." })
  createdAt: Date;

  @Field(() => WebhookDeliveryStatus, { description: "How it stands." })
  status: DeliveryStatus;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it is sent next, while it is pending." })
  nextAttemptAt: Date | undefined;

  @Field(() => Int, { description: "How often it was sent." })
  attemptCount: number;

  @Field(() => [WebhookAttemptType], { description: "The latest attempts, at most 20, the newest last." })
  attempts: WebhookAttemptType[];

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it arrived or was given up." })
  endedAt: Date | undefined;
}

export const WebhookDeliveryConnectionType = connectionType("WebhookDelivery", () => WebhookDeliveryType);

@InputType("CreateWebhookEndpointInput", { description: "The endpoint to make." })
export class CreateWebhookEndpointInputType {
  @Field(() => String, { description: "Where to post events to: https, and on the public internet." })
  url: string;

  @Field(() => [String], { description: "The types of events to be told of, such as `invoice.issued`." })
  events: string[];

  @Field(() => String, { nullable: true, description: "What it is for, up to 200 characters." })
  description: string | null;
}

@InputType("UpdateWebhookEndpointInput", { description: "What to change of an endpoint; what is left out stays." })
export class UpdateWebhookEndpointInputType {
  @Field(() => ID, { description: "The endpoint to change." })
  id: string;

  @Field(() => String, { nullable: true, description: "Where to post events to from now on." })
  url: string | null;

  @Field(() => [String], { nullable: true, description: "The types of events to be told of from now on." })
  events: string[] | null;

  @Field(() => String, { nullable: true, description: "What it is for, up to 200 characters." })
  description: string | null;
}

@InputType("RotateWebhookSecretInput", { description: "The endpoint to give a new secret." })
export class RotateWebhookSecretInputType {
  @Field(() => ID, { description: "The endpoint." })
  id: string;

  @Field(() => Int, {
    defaultValue: 86_400,
    description: "For how many seconds the old secret still signs beside the new one, 0 to 604800 (7 days).",
  })
  overlapSeconds: number;
}

@InputType("WebhookEndpointIdInput", { description: "The endpoint that it is about." })
export class WebhookEndpointIdInputType {
  @Field(() => ID, { description: "The endpoint." })
  id: string;
}

@InputType("ReplayWebhookDeliveryInput", { description: "The delivery to send again." })
export class ReplayWebhookDeliveryInputType {
  @Field(() => ID, { description: "The delivery, whatever came of it." })
  id: string;
}
