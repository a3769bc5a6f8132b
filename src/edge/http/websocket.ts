import type { WebSocket, WebsocketHandler } from "@fastify/websocket";
import type { FastifyRequest } from "fastify";
import { GraphQLError } from "graphql";
import { CloseCode, type Context } from "graphql-ws";
import { makeHandler } from "graphql-ws/use/@fastify/websocket";
import { Abandonment } from "../../core/abandonment.ts";
import { messageOf, TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { credentialOf } from "../auth/credential.ts";
import { operationSchema, type Subscriptions } from "../graphql/subscriptions.ts";
import type { OpenStream, OpenStreams } from "./open-streams.ts";

/** Far above what a subscription takes; inputs do not come this way. */
export const maxMessageBytes = 256 * 1024;
const maxOperationsPerSocket = 32;
const initialiseWithinMs = 5_000;
const pingEveryMs = 12_000;
// "Try again later" of RFC 6455: clients of graphql-ws connect again after it, as they do not after 4401.
const tryAgainLater = 1_013;

interface Extra extends Record<PropertyKey, unknown> {
  stream: OpenStream;
  /** Of each operation, what tells its resolvers that the caller has left, and how it is named in errors. */
  operations: Map<string, { requestId: string; abandonment: Abandonment }>;
}

type SocketContext = Context<
  Record<string, unknown> | undefined,
  { socket: WebSocket; request: RequestLike } & Partial<Extra>
>;
type RequestLike = Pick<FastifyRequest, "ip" | "host" | "headers">;

/**
 * Subscriptions over WebSocket, by the protocol `graphql-transport-ws`. The credential comes in connection_init as
 * `{ "authorization": "Bearer …" }`, because browsers cannot set a header there; or in the header;
 * or, from a page of our own, in the cookie.
 */
export function websocketHandler(streams: OpenStreams, subscriptions: Subscriptions): WebsocketHandler {
  return makeHandler<Record<string, unknown> | undefined, Extra>(
    {
      // Nothing of ours is told by way of what graphql-ws says of a broken connection.
      isProd: true,
      connectionInitWaitTimeout: initialiseWithinMs,
      onConnect: async (context) => await connect(context, streams),
      onClose: (context) => {
        context.extra.stream?.close();
        for (const { abandonment } of context.extra.operations?.values() ?? []) abandonment.abort();
      },
      onSubscribe: (context, id, payload) => prepare(context, { id, payload, subscriptions }),
      onComplete: (context, id) => {
        context.extra.operations?.get(id)?.abandonment.abort();
        context.extra.operations?.delete(id);
      },
      onNext: (...[context, id, , , { errors, ...rest }]) => ({
        ...rest,
        ...(errors === undefined ? {} : { errors: subscriptions.format(errors, requestIdOf(context, id)) }),
      }),
      onError: (context, id, _payload, errors) => {
        const told = subscriptions.format(errors, requestIdOf(context, id));
        context.extra.operations?.delete(id);
        return told;
      },
    },
    pingEveryMs,
  );
}

/** False refuses it; the socket is then closed already, with the reason. */
async function connect({ extra, connectionParams }: SocketContext, streams: OpenStreams): Promise<boolean> {
  const given = connectionParams?.["authorization"] ?? connectionParams?.["Authorization"];
  try {
    extra.stream = await streams.open({
      authorization: typeof given === "string" ? given : credentialOf(extra.request.headers, extra.request.host),
      clientAddress: extra.request.ip,
      end: (why) => closeWith(extra.socket, why),
    });
    extra.operations = new Map();
    // The caller may have left while the credential was looked at; its `onClose` has then come and gone.
    if (extra.socket.readyState !== extra.socket.OPEN) extra.stream.close();
    return true;
  } catch (error) {
    closeWith(extra.socket, error);
    return false;
  }
}

function prepare(
  { extra }: SocketContext,
  { id, payload, subscriptions }: { id: string; payload: unknown; subscriptions: Subscriptions },
) {
  const { stream, operations } = extra;
  const parsed = operationSchema.safeParse(payload);
  if (stream === undefined || operations === undefined || !parsed.success) {
    return [refusal("INVALID_INPUT", "The message has no operation: send { query, operationName, variables }.")];
  }
  if (operations.size >= maxOperationsPerSocket) {
    return [
      refusal("OVERLOADED", `${maxOperationsPerSocket} operations go on on this connection, which is the limit.`),
    ];
  }
  const requestId = newId("request");
  const abandonment = new Abandonment();
  operations.set(id, { requestId, abandonment });
  const context = { requestId, principal: stream.principal, clientAddress: extra.request.ip, abandoned: abandonment };
  return subscriptions.prepare(parsed.data, context);
}

function refusal(code: "INVALID_INPUT" | "OVERLOADED", message: string): GraphQLError {
  return new GraphQLError(message, { originalError: new TollgateError(code, message) });
}

function requestIdOf({ extra }: SocketContext, id: string): string {
  return extra.operations?.get(id)?.requestId ?? newId("request");
}

function closeWith(socket: WebSocket, why: unknown): void {
  const isRefused = why instanceof TollgateError && !why.isRetryable;
  const code = isRefused ? CloseCode.Unauthorized : tryAgainLater;
  // The protocol has room for 123 bytes of reason.
  const reason = why instanceof TollgateError ? `${why.code}: ${why.message}` : messageOf(why);
  socket.close(
    code,
    Buffer.from(reason)
      .subarray(0, 120)
      .toString("latin1")
      .replace(/[^ -~]/g, "?"),
  );
}
