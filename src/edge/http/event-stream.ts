import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type ExecutionArgs, type ExecutionResult, type GraphQLError, subscribe } from "graphql";
import { Abandonment } from "../../core/abandonment.ts";
import { TollgateError } from "../../core/errors.ts";
import { credentialOf } from "../auth/credential.ts";
import { extensionsOf } from "../graphql/format-error.ts";
import { operationSchema, type StreamedOperation, type Subscriptions } from "../graphql/subscriptions.ts";
import type { OpenStreams } from "./open-streams.ts";

// Below the minute after which proxies give up on a connection that says nothing.
const heartbeatMs = 12_000;

export function wantsEvents(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? "";
  // Clients such as urql name it last of all that they can read, with every query.
  return accept.includes("text/event-stream") && !accept.includes("json");
}

/**
 * One subscription over server-sent events: `next` events with what happened, then `complete`. What is refused before it
 * begins is refused as any request is; what ends it later comes as the errors of a last `next`.
 */
export async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  { streams, subscriptions }: { streams: OpenStreams; subscriptions: Subscriptions },
): Promise<void> {
  const operation = operationOf(request);
  const abandonment = new Abandonment();
  const ended: { by: TollgateError | undefined } = { by: undefined };
  const stream = await streams.open({
    authorization: credentialOf(request.headers, request.host),
    clientAddress: request.ip,
    end: (why) => {
      ended.by = why;
      abandonment.abort();
    },
  });
  reply.raw.once("close", () => abandonment.abort());
  try {
    const { principal } = stream;
    const context = { requestId: request.id, principal, clientAddress: request.ip, abandoned: abandonment };
    const prepared = subscriptions.prepare(operation, context);
    const writer = new EventWriter(reply);
    for await (const { errors, ...rest } of resultsOf(prepared, abandonment)) {
      await writer.next(errors === undefined ? rest : { ...rest, errors: subscriptions.format(errors, request.id) });
    }
    if (ended.by !== undefined) {
      const { message } = ended.by;
      await writer.next({ errors: [{ message, extensions: extensionsOf(ended.by, request.id) }] });
    }
    writer.complete();
  } finally {
    stream.close();
  }
}

function operationOf(request: FastifyRequest): StreamedOperation {
  const { query: parameters, body, method } = request;
  const given = method === "GET" ? withParsedVariables(parameters) : body;
  const parsed = operationSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new TollgateError(
    "INVALID_INPUT",
    "There is no operation to stream: send { query, operationName, variables }.",
  );
}

function withParsedVariables(parameters: unknown): unknown {
  if (typeof parameters !== "object" || parameters === null || !("variables" in parameters)) return parameters;
  try {
    return { ...parameters, variables: JSON.parse(String(parameters.variables)) };
  } catch {
    return parameters; // text, which the schema refuses
  }
}

/** What the operation tells until it ends or is abandoned. One that is refused tells that, and ends. */
async function* resultsOf(
  prepared: ExecutionArgs | readonly GraphQLError[],
  abandonment: Abandonment,
): AsyncGenerator<ExecutionResult> {
  if (!("schema" in prepared)) return yield { errors: prepared };
  const results = await subscribe(prepared);
  if (!(Symbol.asyncIterator in results)) return yield results;
  // Ends the wait for the next result, too, so it need not come.
  const abort = () => void results.return(undefined);
  abandonment.addEventListener("abort", abort);
  if (abandonment.aborted) abort();
  yield* results;
}

/** Writes no faster than the caller reads. */
class EventWriter {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(reply: FastifyReply) {
    reply.hijack();
    this.#response = reply.raw;
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // For proxies that would otherwise keep events until they have a bufferful.
      "x-accel-buffering": "no",
      "x-request-id": reply.request.id,
    });
    this.#response.write(":\n\n");
    this.#heartbeat = setInterval(() => this.#response.write(":\n\n"), heartbeatMs);
    this.#response.once("close", () => clearInterval(this.#heartbeat));
  }

  async next(result: object): Promise<void> {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#response.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`)) return;
    await Promise.race([once(this.#response, "drain"), once(this.#response, "close")]);
  }

  complete(): void {
    clearInterval(this.#heartbeat);
    this.#response.end("event: complete\ndata:\n\n");
  }
}
