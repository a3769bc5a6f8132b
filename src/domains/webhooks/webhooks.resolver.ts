import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import { type DeliveryStatus, type WebhookDelivery, type WebhookEndpoint, webhookEventTypes } from "./webhook.ts";
import type { WebhookDeliveriesStore } from "./webhook-deliveries.store.ts";
import type { WebhookEndpointsStore } from "./webhook-endpoints.store.ts";
import type { EndpointWithSecret, WebhookRequester, WebhookService } from "./webhooks.service.ts";
import {
  CreateWebhookEndpointInputType,
  ReplayWebhookDeliveryInputType,
  RotateWebhookSecretInputType,
  UpdateWebhookEndpointInputType,
  WebhookDeliveryConnectionType,
  WebhookDeliveryStatus,
  WebhookDeliveryType,
  WebhookEndpointConnectionType,
  WebhookEndpointIdInputType,
  WebhookEndpointType,
  WebhookEndpointWithSecretType,
  WebhookEventTypeType,
} from "./webhooks.types.ts";

interface Dependencies {
  service: WebhookService;
  endpoints: WebhookEndpointsStore;
  deliveries: WebhookDeliveriesStore;
}

@Resolver(() => WebhookEndpointType)
export class WebhooksResolver {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  @Authorized("webhooks:read")
  @Query(() => WebhookEndpointConnectionType, {
    description: "The webhook endpoints of the principal's tenant, newest first.",
  })
  async webhookEndpoints(
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<WebhookEndpoint>> {
    const { tenantId } = tenantPrincipalOf(context);
    return toConnection(await this.#dependencies.endpoints.page(tenantId, pageRequestOf(args)), (endpoint) => endpoint);
  }

  @Authorized("webhooks:read")
  @Query(() => [WebhookEventTypeType], { description: "The types of events that an endpoint can ask for." })
  webhookEventTypes(): WebhookEventTypeType[] {
    return Object.entries(webhookEventTypes).map(([name, description]) => ({ name, description }));
  }

  @Authorized("webhooks:read")
  @Query(() => WebhookDeliveryConnectionType, { description: "What was sent to an endpoint, newest first." })
  async webhookDeliveries(
    @Ctx() context: RequestContext,
    @Arg("endpointId", () => ID, { description: "The endpoint." }) endpointId: string,
    @Arg("status", () => WebhookDeliveryStatus, { nullable: true, description: "Only those that stand so." })
    status: DeliveryStatus | null,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<WebhookDeliveryType>> {
    const { tenantId } = tenantPrincipalOf(context);
    const { endpoints, deliveries } = this.#dependencies;
    const endpoint = isId("webhookEndpoint", endpointId) ? await endpoints.find(tenantId, endpointId) : undefined;
    if (endpoint === undefined) throw notFound("webhook endpoint");
    const page = await deliveries.page(tenantId, { endpointId, status: status ?? undefined }, pageRequestOf(args));
    return toConnection(page, toDeliveryType);
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookEndpointWithSecretType, {
    description: "Makes a webhook endpoint. The answer is the only place where its secret is.",
  })
  async createWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateWebhookEndpointInputType, { description: "The endpoint to make." })
    input: CreateWebhookEndpointInputType,
  ): Promise<EndpointWithSecret> {
    return await this.#dependencies.service.create(requesterOf(context), {
      ...input,
      description: input.description ?? "",
    });
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookEndpointType, { description: "Changes where an endpoint is, or what it is told of." })
  async updateWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg("input", () => UpdateWebhookEndpointInputType, { description: "What to change." })
    { id, url, events, description }: UpdateWebhookEndpointInputType,
  ): Promise<WebhookEndpoint> {
    return await this.#dependencies.service.update(requesterOf(context), id, {
      ...(url === null || url === undefined ? {} : { url }),
      ...(events === null || events === undefined ? {} : { events }),
      ...(description === null || description === undefined ? {} : { description }),
    });
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookEndpointWithSecretType, {
    description: "Gives an endpoint a new secret; the old one still signs beside it for the overlap.",
  })
  async rotateWebhookSecret(
    @Ctx() context: RequestContext,
    @Arg("input", () => RotateWebhookSecretInputType, { description: "The endpoint to give a new secret." })
    input: RotateWebhookSecretInputType,
  ): Promise<EndpointWithSecret> {
    return await this.#dependencies.service.rotateSecret(requesterOf(context), input.id, input.overlapSeconds);
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookEndpointType, {
    description: "Tells an endpoint nothing from now on. What is on its way waits until it is enabled.",
  })
  async disableWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg("input", () => WebhookEndpointIdInputType, { description: "The endpoint to disable." })
    input: WebhookEndpointIdInputType,
  ): Promise<WebhookEndpoint> {
    return await this.#dependencies.service.disable(requesterOf(context), input.id);
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookEndpointType, { description: "Tells an endpoint that was disabled of events again." })
  async enableWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg("input", () => WebhookEndpointIdInputType, { description: "The endpoint to enable." })
    input: WebhookEndpointIdInputType,
  ): Promise<WebhookEndpoint> {
    return await this.#dependencies.service.enable(requesterOf(context), input.id);
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookEndpointType, { description: "Deletes an endpoint with its deliveries; returns what it was." })
  async deleteWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg("input", () => WebhookEndpointIdInputType, { description: "The endpoint to delete." })
    input: WebhookEndpointIdInputType,
  ): Promise<WebhookEndpoint> {
    return await this.#dependencies.service.delete(requesterOf(context), input.id);
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookDeliveryType, {
    description: "Sends an event of the type `webhook.test` to an endpoint, whatever it subscribed to.",
  })
  async sendTestWebhook(
    @Ctx() context: RequestContext,
    @Arg("input", () => WebhookEndpointIdInputType, { description: "The endpoint to send it to." })
    input: WebhookEndpointIdInputType,
  ): Promise<WebhookDeliveryType> {
    return toDeliveryType(await this.#dependencies.service.sendTest(requesterOf(context), input.id));
  }

  @Authorized("webhooks:write")
  @Mutation(() => WebhookDeliveryType, {
    description: "Sends a delivery again, now, under the event id that it has; with all its retries before it.",
  })
  async replayWebhookDelivery(
    @Ctx() context: RequestContext,
    @Arg("input", () => ReplayWebhookDeliveryInputType, { description: "The delivery to send again." })
    input: ReplayWebhookDeliveryInputType,
  ): Promise<WebhookDeliveryType> {
    return toDeliveryType(await this.#dependencies.service.replay(requesterOf(context), input.id));
  }
}

function requesterOf(context: RequestContext): WebhookRequester {
  return { principal: tenantPrincipalOf(context), requestId: context.requestId };
}

export function toDeliveryType(delivery: WebhookDelivery): WebhookDeliveryType {
  const { dueAt, attemptLog, attempts, ...rest } = delivery;
  return {
    ...rest,
    nextAttemptAt: delivery.status === "PENDING" ? dueAt : undefined,
    attemptCount: attempts,
    attempts: attemptLog,
  };
}
