import { z } from "zod";
import { CliError, exitCodes, unreachable } from "./errors.ts";
import { eventsIn } from "./server-events.ts";

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.looseObject({ code: z.string() }).optional() }))
    .optional(),
});

/** A request over HTTP with the credential; `body` is sent as it is. */
export interface HttpRequest {
  method: "GET" | "PUT" | "HEAD";
  path: string;
  headers?: Record<string, string>;
  body?: ReadableStream<Uint8Array>;
}

/** A gateway says something at least every 12 seconds: after so long without, the connection is as good as broken. */
const silentMs = 30_000;

/** Asks one gateway with one credential. What it refuses is thrown as it says it. */
export class GatewayClient {
  readonly url: string;
  readonly #credential: () => Promise<string | undefined>;

  /** @param credential is asked for each time: an access token may have to be renewed. */
  constructor(url: string, credential: () => Promise<string | undefined>) {
    this.url = url.replace(/\/+$/, "");
    this.#credential = credential;
  }

  async ask<T>(query: string, variables: Record<string, unknown>, shape: z.ZodType<T>): Promise<T> {
    const response = await this.#fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const answer = answerSchema.safeParse(await response.json().catch(() => undefined));
    if (!answer.success) throw new CliError(exitCodes.UNREACHABLE, `${this.url} does not answer like Tollgate.`);
    const [error] = answer.data.errors ?? [];
    if (error !== undefined) throw refusal(error);
    return shape.parse(answer.data.data);
  }

  /**
   * What a subscription tells, over server-sent events. Ends when the gateway ends it. Throws what the gateway refuses, and
   * UNREACHABLE where the stream cannot be opened or breaks off.
   */
  async *stream<T>(query: string, variables: Record<string, unknown>, shape: z.ZodType<T>): AsyncGenerator<T> {
    const leaving = new AbortController();
    const silence = setTimeout(() => leaving.abort(), silentMs);
    try {
      const chunks = await this.#openStream({ query, variables }, leaving.signal);
      for await (const { name, data } of eventsIn(chunks, () => silence.refresh())) {
        if (name === "complete") return;
        yield shape.parse(dataIn(data));
      }
    } catch (error) {
      throw error instanceof CliError || error instanceof z.ZodError ? error : unreachable(this.url, error);
    } finally {
      clearTimeout(silence);
      leaving.abort();
    }
  }

  /** The response whatever its status; `refusalOf` makes an error of one. */
  async send({ method, path, headers, body }: HttpRequest): Promise<Response> {
    const rest = body === undefined ? {} : { body, duplex: "half" as const };
    return await this.#fetch(path, { method, ...(headers === undefined ? {} : { headers }), ...rest });
  }

  async #openStream(operation: object, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify(operation),
      signal,
    });
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    if (isStream && response.body !== null) return response.body;
    throw await refusalOf(response);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const credential = await this.#credential();
    const headers = new Headers(init.headers);
    if (credential !== undefined) headers.set("authorization", `Bearer ${credential}`);
    try {
      return await fetch(`${this.url}${path}`, { ...init, headers });
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }
}

/** What an event tells; what it refuses is thrown. */
function dataIn(event: string): unknown {
  const { data, errors: [error] = [] } = answerSchema.parse(JSON.parse(event));
  if (error !== undefined) throw refusal(error);
  return data;
}

/** What a response that is not a success says. */
export async function refusalOf(response: Response): Promise<CliError> {
  const answer = answerSchema.safeParse(await response.json().catch(() => undefined));
  const error = answer.success ? answer.data.errors?.[0] : undefined;
  return error === undefined
    ? new CliError(exitCodes.REFUSED, `The gateway answered ${response.status}.`)
    : refusal(error);
}

function refusal({ message, extensions }: { message: string; extensions?: { code: string } | undefined }): CliError {
  return new CliError(exitCodes.REFUSED, `${extensions?.code ?? "ERROR"}: ${message}`);
}
