import type { Ground } from "./assembly.ts";
import { WebhookDeliveriesStore } from "./domains/webhooks/webhook-deliveries.store.ts";
import { WebhookEndpointsStore } from "./domains/webhooks/webhook-endpoints.store.ts";
import { WebhookOutboxStore } from "./domains/webhooks/webhook-outbox.store.ts";
import { WebhookSecrets } from "./domains/webhooks/webhook-secrets.ts";
import { WebhookSender } from "./domains/webhooks/webhook-sender.ts";
import { WebhooksResolver } from "./domains/webhooks/webhooks.resolver.ts";
import { WebhookService } from "./domains/webhooks/webhooks.service.ts";

export type Webhooks = Awaited<ReturnType<typeof buildWebhooks>>;

export async function buildWebhooks({ config, logger, clock, database, notifications, metrics, instanceId }: Ground) {
  const { webhookAllowPrivate: allowPrivate, webhookTimeoutMs: timeoutMs } = config;
  const endpoints = new WebhookEndpointsStore(database);
  const deliveries = new WebhookDeliveriesStore(database);
  const outbox = new WebhookOutboxStore(database, instanceId);
  const secrets = await WebhookSecrets.open(config.signingKeysDir);
  const sender = new WebhookSender({
    store: outbox,
    secrets,
    logger,
    timeoutMs,
    allowPrivate,
    onSent: ({ outcome, attemptMs, sinceEventMs }) => {
      metrics.webhookAttempts.inc({ outcome });
      metrics.webhookAttemptSeconds.observe(attemptMs / 1000);
      if (outcome === "DELIVERED") metrics.webhookDelaySeconds.observe(sinceEventMs / 1000);
    },
  });
  const wake = () => {
    sender.pump().catch((error: unknown) => logger.warn({ err: error }, "webhooks could not be claimed"));
  };
  notifications.subscribe("tollgate_webhooks", wake, wake);
  const service = new WebhookService({ endpoints, deliveries, secrets, clock, allowPrivate });
  return {
    endpoints,
    deliveries,
    outbox,
    sender,
    resolver: new WebhooksResolver({ service, endpoints, deliveries }),
  };
}
