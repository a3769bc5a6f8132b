import { bounded } from "../../platform/bounded.ts";
import type { Logger } from "../../platform/logger.ts";
import { maxTries, retryDelayMs } from "./retry.ts";
import { bodyOf, type WebhookAttempt } from "./webhook.ts";
import type { ClaimedDelivery, Settlement, WebhookOutboxStore } from "./webhook-outbox.store.ts";
import { postWebhook, type WebhookResponse } from "./webhook-request.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";

/** How an attempt ended, and how long after the event that was. */
export type SentWebhook = { outcome: Settlement["kind"]; attemptMs: number; sinceEventMs: number };

interface SenderOptions {
  store: Pick<WebhookOutboxStore, "claim" | "settle">;
  secrets: Pick<WebhookSecrets, "sign">;
  logger: Logger;
  timeoutMs: number;
  allowPrivate: boolean;
  onSent: (sent: SentWebhook) => void;
}

// Of one endpoint and of one tenant on all gateways together, and of all on this one.
const perEndpoint = 4;
const perTenant = 16;
const perGateway = 64;
// For what comes after an answer: writing down what came of it.
const settleGraceMs = 15_000;

/**
 * Sends what is due, from whichever gateway has room. Owns: when a claim is made and what an attempt leads to. Does not
 * own: who is told of what; that is the outbox, written with the transaction of the event itself.
 *
 * At least once: a gateway that dies between an answer and writing it down leaves the delivery due again, under the same
 * event id.
 */
export class WebhookSender {
  readonly #options: SenderOptions;
  readonly #inFlight = new Set<Promise<void>>();
  #pumping: Promise<void> | undefined;
  #isWanted = false;
  #isClosing = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Claims what is due and there is room for. Several calls at once are one, and one more after it. */
  async pump(): Promise<void> {
    this.#isWanted = true;
    this.#pumping ??= this.#pumpWhileWanted().finally(() => {
      this.#pumping = undefined;
    });
    await this.#pumping;
  }

  /** Takes no more, and waits for what is under way; what is left after the time is due again when its lease ends. */
  async close(withinMs: number): Promise<void> {
    this.#isClosing = true;
    await bounded(Promise.all([this.#pumping, ...this.#inFlight]), withinMs).catch(() => undefined);
  }

  async #pumpWhileWanted(): Promise<void> {
    while (this.#isWanted && !this.#isClosing && this.#inFlight.size < perGateway) {
      this.#isWanted = false;
      const room = perGateway - this.#inFlight.size;
      const leaseMs = this.#options.timeoutMs + settleGraceMs;
      const claimed = await this.#options.store.claim({ leaseMs, room, perEndpoint, perTenant });
      for (const delivery of claimed) this.#start(delivery);
    }
  }

  #start(delivery: ClaimedDelivery): void {
    const sending = this.#send(delivery)
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error, deliveryId: delivery.id }, "a webhook's outcome was not written down");
      })
      .then(() => {
        this.#inFlight.delete(sending);
        // Its place is free: the same endpoint may have more that waits.
        return this.pump().catch((error: unknown) => this.#options.logger.warn({ err: error }, "webhooks not claimed"));
      });
    this.#inFlight.add(sending);
  }

  async #send(claimed: ClaimedDelivery): Promise<void> {
    const { store, onSent, logger } = this.#options;
    const at = new Date();
    const startedAt = performance.now();
    const response = await this.#post(claimed, at);
    const attempt: WebhookAttempt = {
      at,
      durationMs: Math.round(performance.now() - startedAt),
      responseCode: response.code,
      responseStart: response.start,
      error: response.error,
    };
    const settlement = settlementOf(response, claimed.tries, Math.random());
    const disabledFor = await store.settle(claimed, attempt, settlement);
    if (disabledFor !== undefined) logger.warn({ endpointId: claimed.endpoint.id, disabledFor }, "endpoint disabled");
    const sinceEventMs = Date.now() - claimed.createdAt.getTime();
    onSent({ outcome: settlement.kind, attemptMs: attempt.durationMs, sinceEventMs });
  }

  async #post(claimed: ClaimedDelivery, at: Date): Promise<WebhookResponse> {
    const { secrets, timeoutMs, allowPrivate } = this.#options;
    const body = bodyOf(claimed);
    return await postWebhook({
      url: claimed.endpoint.url,
      headers: {
        "content-type": "application/json",
        "user-agent": "Tollgate-Webhooks/1",
        "webhook-id": claimed.eventId,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": secrets.sign(claimed.endpoint, { id: claimed.eventId, at, body }),
      },
      body,
      timeoutMs,
      allowPrivate,
    });
  }
}

/** What an answer leads to. 410 Gone is how a receiver says that it wants no more. */
export function settlementOf({ code, error }: WebhookResponse, tries: number, chance: number): Settlement {
  if (error === undefined) return { kind: "DELIVERED" };
  if (code === 410) return { kind: "GONE" };
  if (tries >= maxTries) return { kind: "EXHAUSTED" };
  return { kind: "RETRY", afterMs: retryDelayMs(tries, chance) };
}
