import { type Client, createClient } from "graphql-ws";
import { eventually } from "./eventually.ts";
import type { AnswerError } from "./graphql-client.ts";

interface StreamedResult {
  // biome-ignore lint/suspicious/noExplicitAny: the shape is each test's own query
  data?: any;
  errors?: AnswerError[];
}

/** How a stream came out: its results so far, and what ended it. */
export class Streamed {
  readonly results: StreamedResult[] = [];
  /** Of an operation that was refused. */
  errors: AnswerError[] | undefined;
  /** Of a connection that was closed by the gateway. */
  closed: { code: number; reason: string } | undefined;
  hasEnded = false;
  stop: () => void = () => {};

  /** As soon as there are so many. */
  async untilResults(count: number): Promise<StreamedResult[]> {
    await eventually(() => this.results.length >= count, { withinMs: 10_000, what: `${count} results to be streamed` });
    return this.results;
  }

  async untilEnd(withinMs = 10_000): Promise<this> {
    await eventually(() => this.hasEnded, { withinMs, what: "the stream to end" });
    return this;
  }
}

/** A subscription over WebSocket, as a browser opens it. */
export function overWebsocket(
  url: string,
  credential: string | undefined,
  query: string,
): Streamed & { client: Client } {
  const streamed = new Streamed();
  const client = createClient({
    url: `${url.replace("http", "ws")}/graphql`,
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    ...(credential === undefined ? {} : { connectionParams: { authorization: `Bearer ${credential}` } }),
    on: {
      closed: (event) => {
        const { code, reason } = event as CloseEvent;
        streamed.closed = { code, reason };
      },
    },
  });
  streamed.stop = client.subscribe<Record<string, unknown>>(
    { query },
    {
      next: (result) => streamed.results.push(JSON.parse(JSON.stringify(result))),
      error: (error) => {
        if (Array.isArray(error)) streamed.errors = JSON.parse(JSON.stringify(error));
        streamed.hasEnded = true;
      },
      complete: () => {
        streamed.hasEnded = true;
      },
    },
  );
  return Object.assign(streamed, { client });
}

/** A subscription over server-sent events. `status` and `body` are those of an answer that is no stream. */
export async function overEvents(
  url: string,
  credential: string | undefined,
  query: string,
): Promise<Streamed & { status: number; body: string }> {
  const streamed = new Streamed();
  const leaving = new AbortController();
  streamed.stop = () => leaving.abort();
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    signal: leaving.signal,
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    },
    body: JSON.stringify({ query }),
  });
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const body = isStream ? "" : await response.text();
  if (isStream) void readEvents(response, streamed);
  return Object.assign(streamed, { status: response.status, body });
}

async function readEvents(response: Response, streamed: Streamed): Promise<void> {
  let text = "";
  try {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^event: next\ndata: (.*)$/s.exec(event)?.[1];
        if (data !== undefined) streamed.results.push(JSON.parse(data));
      }
    }
  } catch {
    // The test left.
  }
  streamed.hasEnded = true;
}
