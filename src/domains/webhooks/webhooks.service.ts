import type { Clock } from "../../core/clock.ts";
import { notFound, TollgateError } from "../../core/errors.ts";
import { isId, newId } from "../../core/ids.ts";
import { actorId, type TenantPrincipal } from "../../core/principal.ts";
import { isWebhookEventType, type WebhookDelivery, type WebhookEndpoint, webhookEventTypeNames } from "./webhook.ts";
import { parseWebhookUrl } from "./webhook-address.ts";
import type { WebhookDeliveriesStore } from "./webhook-deliveries.store.ts";
import type { ChangedBy, EndpointChange, WebhookEndpointsStore } from "./webhook-endpoints.store.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";

export interface WebhookRequester {
  principal: TenantPrincipal;
  requestId: string | undefined;
}

export interface WantedEndpoint {
  url: string;
  events: string[];
  description: string;
}

export interface EndpointWithSecret {
  endpoint: WebhookEndpoint;
  /** Shown here and nowhere else. */
  secret: string;
}

interface Dependencies {
  endpoints: WebhookEndpointsStore;
  deliveries: WebhookDeliveriesStore;
  secrets: WebhookSecrets;
  clock: Clock;
  allowPrivate: boolean;
}

/** Enough for each thing a tenant runs; few enough that an event for all of them is written at once. */
export const maxEndpoints = 20;
const longestDescription = 200;
const maxOverlapSeconds = 7 * 24 * 3600;

/** Makes, changes and deletes the endpoints of the requester's tenant, and sends again. */
export class WebhookService {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async create(requester: WebhookRequester, wanted: WantedEndpoint): Promise<EndpointWithSecret> {
    const { endpoints, secrets, clock } = this.#dependencies;
    const asked = { id: newId("webhookEndpoint"), createdAt: clock.now(), ...this.#check(wanted) };
    const endpoint = await endpoints.insert(changedBy(requester), asked, maxEndpoints);
    if (endpoint !== undefined) return { endpoint, secret: secrets.secretOf(endpoint) };
    throw new TollgateError(
      "CONFLICT",
      `The tenant has ${maxEndpoints} webhook endpoints, which is the limit. Delete one that is not needed.`,
    );
  }

  /** What is left out stays as it is. */
  async update(requester: WebhookRequester, id: string, wanted: Partial<WantedEndpoint>): Promise<WebhookEndpoint> {
    return await this.#change(requester, { id, action: "webhook_endpoint.changed" }, ({ url, events, description }) => {
      const checked = this.#check({ url, events, description, ...wanted });
      return { url: checked.url, eventTypes: checked.events, description: checked.description };
    });
  }

  /** The old secret signs beside the new one until the overlap ends, so that a receiver can change in its own time. */
  async rotateSecret(requester: WebhookRequester, id: string, overlapSeconds: number): Promise<EndpointWithSecret> {
    if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > maxOverlapSeconds) {
      throw new TollgateError(
        "INVALID_INPUT",
        `overlapSeconds is ${overlapSeconds}; it must be from 0 to ${maxOverlapSeconds} (7 days).`,
      );
    }
    const { clock, secrets } = this.#dependencies;
    const change = { id, action: "webhook_endpoint.secret_rotated" };
    const endpoint = await this.#change(requester, change, ({ secretVersion }) => ({
      secretVersion: secretVersion + 1,
      previousSecretExpiresAt: new Date(clock.now().getTime() + overlapSeconds * 1_000),
    }));
    return { endpoint, secret: secrets.secretOf(endpoint) };
  }

  /** It is told nothing from now on. What is on its way to it waits until it is enabled. */
  async disable(requester: WebhookRequester, id: string): Promise<WebhookEndpoint> {
    return await this.#change(requester, { id, action: "webhook_endpoint.disabled" }, (endpoint) =>
      endpoint.disabledAt === undefined
        ? { disabledAt: this.#dependencies.clock.now(), disabledFor: "ASKED" }
        : undefined,
    );
  }

  async enable(requester: WebhookRequester, id: string): Promise<WebhookEndpoint> {
    return await this.#change(requester, { id, action: "webhook_endpoint.enabled" }, (endpoint) =>
      endpoint.disabledAt === undefined ? undefined : { disabledAt: null, disabledFor: null, failingSince: null },
    );
  }

  async delete(requester: WebhookRequester, id: string): Promise<WebhookEndpoint> {
    const deleted = await this.#dependencies.endpoints.delete(changedBy(requester), checkEndpointId(id));
    if (deleted === undefined) throw notFound("webhook endpoint");
    return deleted;
  }

  async sendTest({ principal }: WebhookRequester, endpointId: string): Promise<WebhookDelivery> {
    await this.#enabledEndpoint(principal.tenantId, endpointId);
    const delivery = await this.#dependencies.deliveries.insertTest(principal.tenantId, endpointId);
    if (delivery === undefined) throw notFound("webhook endpoint");
    return delivery;
  }

  async replay({ principal }: WebhookRequester, id: string): Promise<WebhookDelivery> {
    const { deliveries } = this.#dependencies;
    const delivery = isId("webhookDelivery", id) ? await deliveries.find(principal.tenantId, id) : undefined;
    if (delivery === undefined) throw notFound("webhook delivery");
    await this.#enabledEndpoint(principal.tenantId, delivery.endpointId);
    const replayed = await deliveries.replay(principal.tenantId, id);
    if (replayed === undefined) throw notFound("webhook delivery");
    return replayed;
  }

  async #enabledEndpoint(tenantId: string, id: string): Promise<void> {
    const endpoint = await this.#dependencies.endpoints.find(tenantId, checkEndpointId(id));
    if (endpoint === undefined) throw notFound("webhook endpoint");
    if (endpoint.disabledAt === undefined) return;
    throw new TollgateError("CONFLICT", `The webhook endpoint ${id} is disabled. Enable it first.`);
  }

  async #change(
    requester: WebhookRequester,
    of: { id: string; action: string },
    decide: (endpoint: WebhookEndpoint) => EndpointChange | undefined,
  ): Promise<WebhookEndpoint> {
    const id = checkEndpointId(of.id);
    const endpoint = await this.#dependencies.endpoints.change(changedBy(requester), { ...of, id }, decide);
    if (endpoint === undefined) throw notFound("webhook endpoint");
    return endpoint;
  }

  #check({ url, events, description }: WantedEndpoint): WantedEndpoint {
    const text = description.trim();
    if ([...text].length > longestDescription || /\p{C}/u.test(text)) {
      throw new TollgateError(
        "INVALID_INPUT",
        `description must be at most ${longestDescription} characters, without control characters.`,
      );
    }
    const chosen = [...new Set(events)];
    const unknown = chosen.find((event) => !isWebhookEventType(event));
    if (unknown !== undefined || chosen.length === 0) {
      throw new TollgateError("INVALID_INPUT", `events must name some of: ${webhookEventTypeNames.join(", ")}.`);
    }
    return { url: parseWebhookUrl(url, this.#dependencies.allowPrivate), events: chosen, description: text };
  }
}

function changedBy({ principal, requestId }: WebhookRequester): ChangedBy {
  return { tenantId: principal.tenantId, actorId: actorId(principal), requestId };
}

/** An id that cannot be one is answered like one that is not there. */
function checkEndpointId(id: string): string {
  if (isId("webhookEndpoint", id)) return id;
  throw notFound("webhook endpoint");
}
