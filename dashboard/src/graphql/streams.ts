import type { Client, ExecutionResult } from "graphql-ws";
import type { SubscriptionForwarder } from "urql";
import { refresh } from "../session/session.ts";

type Request = Parameters<SubscriptionForwarder>[0];
type Observer = Parameters<ReturnType<SubscriptionForwarder>["subscribe"]>[0];

/** How the gateway closes a connection whose access token has run out: CloseCode.Unauthorized of graphql-ws. */
const unauthorized = 4_401;

/**
 * Subscriptions over one WebSocket of this session, open while somebody listens. A connection that breaks is made again
 * until it holds; the gateway tells each subscription first how things stand, so nothing is missed. One that is closed
 * because the access token ran out goes on with the next token. The client for it is loaded with the first subscription.
 */
export function streamsOf(onSignedOut: () => void): SubscriptionForwarder {
  let connecting: Promise<Client> | undefined;
  const connected = () => {
    connecting ??= connect();
    return connecting;
  };
  return (request) => ({
    subscribe: (observer) => {
      const stream = new Stream({ request, observer, connected, onSignedOut });
      return { unsubscribe: () => stream.end() };
    },
  });
}

async function connect(): Promise<Client> {
  const { createClient } = await import("graphql-ws");
  return createClient({
    url: `${window.location.origin.replace(/^http/, "ws")}/graphql`,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
  });
}

interface StreamOptions {
  request: Request;
  observer: Observer;
  connected: () => Promise<Client>;
  onSignedOut: () => void;
}

class Stream {
  readonly #options: StreamOptions;
  #stop: (() => void) | undefined;
  #isEnded = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    void this.#begin();
  }

  end(): void {
    this.#isEnded = true;
    this.#stop?.();
  }

  async #begin(): Promise<void> {
    const { request, observer, connected } = this.#options;
    const client = await connected();
    if (this.#isEnded) return;
    this.#stop = client.subscribe(
      { query: request.query ?? "", variables: request.variables ?? null },
      {
        next: (result) => observer.next(result as ExecutionResult<Record<string, unknown>>),
        error: (problem) => void this.#ended(problem),
        complete: () => observer.complete(),
      },
    );
  }

  async #ended(problem: unknown): Promise<void> {
    const { observer, onSignedOut } = this.#options;
    if (!isUnauthorized(problem)) return observer.error(problem);
    // A network that fails meanwhile is not a session that is over: the connection says so by itself.
    const isSignedIn = await refresh().catch(() => true);
    if (this.#isEnded) return;
    if (isSignedIn) await this.#begin();
    else onSignedOut();
  }
}

function isUnauthorized(problem: unknown): boolean {
  return typeof problem === "object" && problem !== null && "code" in problem && problem.code === unauthorized;
}
