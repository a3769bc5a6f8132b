import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { eventually } from "./eventually.ts";

export interface ReceivedWebhook {
  headers: IncomingHttpHeaders;
  body: string;
}

type Answer = { code: number; body?: string; headers?: Record<string, string> };

/** What a tenant runs to be told of events: it keeps what comes, and answers as the test says. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  readonly #server: Server;
  #answer: (webhook: ReceivedWebhook) => Answer | Promise<Answer> = () => ({ code: 204 });

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer((request, response) => {
      void (async () => {
        const webhook = { headers: request.headers, body: await text(request) };
        receiver.received.push(webhook);
        const { code, body = "", headers = {} } = await receiver.#answer(webhook);
        response.writeHead(code, headers).end(body);
      })().catch(() => response.destroy()); // a sender that was killed in the middle
    });
    const receiver = new WebhookReceiver(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The receiver does not listen.");
    return `http://127.0.0.1:${address.port}/hooks`;
  }

  answers(answer: (webhook: ReceivedWebhook) => Answer | Promise<Answer>): void {
    this.#answer = answer;
  }

  /** The `webhook-id` of everything that came, in order. */
  get ids(): string[] {
    return this.received.map(({ headers }) => String(headers["webhook-id"]));
  }

  /** As soon as so many have come: all that have. */
  async untilReceived(count: number): Promise<ReceivedWebhook[]> {
    await eventually(() => this.received.length >= count, { withinMs: 10_000, what: `${count} webhooks to arrive` });
    return this.received;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
