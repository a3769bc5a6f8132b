import { Webhook } from "standardwebhooks";
import { eventually } from "./eventually.ts";
import { startTestGateway, type TestTenant } from "./gateway.ts";
import { type ReceivedWebhook, WebhookReceiver } from "./webhook-receiver.ts";

export type WebhookHouse = Awaited<ReturnType<typeof openWebhookHouse>>;

export const create = `mutation($input: CreateWebhookEndpointInput!) {
  createWebhookEndpoint(input: $input) { secret endpoint { id url events description secretVersion createdBy disabledAt } }
}`;
export const deliveriesOf = `query($id: ID!, $status: WebhookDeliveryStatus, $first: Int, $after: String) {
  webhookDeliveries(endpointId: $id, status: $status, first: $first, after: $after) {
    nodes { id eventId eventType payload status attemptCount nextAttemptAt endedAt
            attempts { durationMs responseCode responseStart error } }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** The mutation of that name, which takes the id of an endpoint or a delivery. */
export const byId = (field: string, fields: string) =>
  `mutation($id: ID!) { ${field}(input: { id: $id }) { ${fields} } }`;

/** Throws unless it was signed with the secret. */
export function verified(secret: string, { headers, body }: ReceivedWebhook): unknown {
  const text = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return new Webhook(secret).verify(body, Object.fromEntries(text));
}

/** A gateway that sends webhooks, for tenants that run receivers. */
export async function openWebhookHouse() {
  const gateway = await startTestGateway({ WEBHOOK_TIMEOUT_MS: "1000" });

  return {
    gateway,
    /** A tenant with a receiver of its own. */
    async createTenant() {
      const tenant = await gateway.createTenant();
      const receiver = await WebhookReceiver.start();
      return { tenant, receiver, ...storyOf(gateway, tenant, receiver) };
    },
    close: () => gateway.close(),
  };
}

export type ToldTenant = Awaited<ReturnType<WebhookHouse["createTenant"]>>;

function storyOf(gateway: Awaited<ReturnType<typeof startTestGateway>>, tenant: TestTenant, receiver: WebhookReceiver) {
  const deliveries = async (id: string, variables: object = {}) =>
    (await tenant.owner.ask(deliveriesOf, { id, ...variables })).data.webhookDeliveries.nodes;

  return {
    deliveries,
    async createEndpoint(options: { url?: string; events?: string[] } = {}): Promise<{ id: string; secret: string }> {
      const input = { url: options.url ?? receiver.url, events: options.events ?? ["invoice.issued"] };
      const answer = await tenant.owner.ask(create, { input });
      const { secret, endpoint } = answer.data.createWebhookEndpoint;
      return { secret, id: endpoint.id };
    },
    async enqueue(type = "invoice.issued", data: object = { invoiceId: "ivc_1" }, tenantId = tenant.id): Promise<void> {
      await gateway.sql("select enqueue_webhook($1, $2, $3)", [tenantId, type, JSON.stringify(data)]);
    },
    /** As soon as so many have come: all that have. */
    async received(count: number): Promise<ReceivedWebhook[]> {
      return await receiver.untilReceived(count);
    },
    /** As soon as there is one that stands so. */
    ended: async (id: string, status: string) =>
      await eventually(async () => (await deliveries(id)).find((one: { status: string }) => one.status === status), {
        withinMs: 10_000,
        what: `a delivery to be ${status}`,
      }),
    /** As soon as its only delivery has so many attempts. */
    attempted: async (id: string, attempts: number) =>
      await eventually(
        async () => (await deliveries(id)).find((one: { attempts: unknown[] }) => one.attempts.length === attempts),
        { withinMs: 10_000, what: `attempt ${attempts} to be written down` },
      ),
    /** Makes what waits for the endpoint due. */
    async makeDue(id: string): Promise<void> {
      await gateway.sql(
        "update webhook_deliveries set due_at = now() where endpoint_id = $1 and claimed_by is null and status = 'PENDING'",
        [id],
      );
    },
  };
}
