import { fastifyApolloHandler } from "@as-integrations/fastify";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type Abandoned, Abandonment } from "../../core/abandonment.ts";
import { messageOf, TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { RequestContext } from "../../core/request-context.ts";
import type { Config } from "../../platform/config.ts";
import type { Logger } from "../../platform/logger.ts";
import { credentialOf } from "../auth/credential.ts";
import type { GraphqlDoor } from "../graphql/apollo.ts";
import { brokeOnOurSide, extensionsOf, logCause } from "../graphql/format-error.ts";
import { withRequestId } from "../graphql/request-scope.ts";
import { Admission } from "./admission.ts";
import { registerDashboard, sendPage, wantsPage } from "./dashboard.ts";
import type { DashboardFiles } from "./dashboard-files.ts";
import { type OperationsOptions, registerOperations } from "./operations.ts";
import { registerSession, type SessionOptions } from "./session.ts";

interface ServerOptions extends OperationsOptions, SessionOptions {
  config: Config;
  logger: Logger;
  graphql: GraphqlDoor;
  /** Undefined where it was not built. */
  dashboard: DashboardFiles | undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** The HTTP door: one port, bounded bodies, bounded requests in flight, a request id on every answer. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { config, graphql, authenticator } = options;
  const admission = new Admission(config.requestsInFlight);
  const server = Fastify({
    bodyLimit: config.bodyLimitBytes,
    trustProxy: config.trustedProxies.length === 0 ? false : config.trustedProxies,
    genReqId: () => newId("request"),
    // Its own log would be a line or two for each request. What goes wrong is logged where it does.
    logger: false,
    // Answers a slow sender after this long, so that half-sent requests cannot pile up.
    requestTimeout: 60_000,
    return503OnClosing: false,
  });

  server.decorateRequest("principal");
  server.addHook("onRequest", (request, reply, done) => {
    void reply.header("x-request-id", request.id);
    done();
  });
  server.setErrorHandler((error, request, reply) =>
    sendError(asTollgateError(error, request, options), request, reply),
  );
  server.setNotFoundHandler((request, reply) => {
    if (wantsPage(request)) return sendPage(reply, options.dashboard, "index");
    const error = new TollgateError(
      "NOT_FOUND",
      `There is nothing at ${request.method} ${request.url.split("?")[0]}. POST to /graphql.`,
    );
    return sendError(error, request, reply);
  });

  const apolloHandler = fastifyApolloHandler(graphql.apollo, {
    context: (request, reply) => Promise.resolve(contextOf(request, reply)),
  });
  const answer = (request: FastifyRequest, reply: FastifyReply) =>
    answerKnown(graphql, request, reply) ?? Promise.resolve(apolloHandler.call(server, request, reply));
  server.route({
    method: ["GET", "POST"],
    url: "/graphql",
    preValidation: async (request) => {
      request.principal = await authenticator.authenticate(credentialOf(request.headers, request.host), request.ip);
    },
    handler: (request, reply) => admission.admit(() => withRequestId(request.id, () => answer(request, reply))),
  });
  registerOperations(server, options);
  registerSession(server, options);
  registerDashboard(server, options.dashboard);
  return server;
}

/** Undefined where the request is not of the usual form, or its operation is not known yet: then Apollo is asked. */
function answerKnown(
  { known }: GraphqlDoor,
  request: FastifyRequest,
  reply: FastifyReply,
): string | Promise<string> | undefined {
  const { method, headers, body } = request;
  // A type that no form can send, which is what protects a signed-in browser; and an answer in the usual type.
  const isUsual = method === "POST" && headers["content-type"]?.startsWith("application/json") === true;
  if (!isUsual || !usualAccepts.has(headers.accept)) return undefined;
  const answer = known.answer(body, () => contextOf(request, reply));
  if (answer !== undefined) void reply.header("content-type", "application/json; charset=utf-8");
  return answer;
}

const usualAccepts = new Set([undefined, "*/*", "application/json"]);

function contextOf(request: FastifyRequest, reply: FastifyReply): RequestContext {
  return {
    requestId: request.id,
    principal: request.principal,
    clientAddress: request.ip,
    abandoned: abandonedBy(reply),
  };
}

// The caller has left when its connection closes before the answer was written.
function abandonedBy(reply: FastifyReply): Abandoned {
  const abandonment = new Abandonment();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) abandonment.abort();
  });
  return abandonment;
}

/** An error outside of GraphQL, in the shape of a GraphQL answer: callers need to read only one. */
function sendError(error: TollgateError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.retryAfterMs !== undefined) void reply.header("retry-after", Math.ceil(error.retryAfterMs / 1000));
  return reply
    .code(error.status)
    .send({ errors: [{ message: error.message, extensions: extensionsOf(error, request.id) }] });
}

function asTollgateError(error: unknown, request: FastifyRequest, { config, logger }: ServerOptions): TollgateError {
  if (error instanceof TollgateError) {
    logCause(error, request.id, logger);
    return error;
  }
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new TollgateError(
      "INVALID_INPUT",
      `The body is larger than ${config.bodyLimitBytes} bytes. Send fewer inputs at a time.`,
    );
  }
  if (statusCode !== undefined && statusCode < 500) {
    return new TollgateError("INVALID_INPUT", `The request could not be read: ${messageOf(error)}`);
  }
  logger.error({ err: error, requestId: request.id }, "unexpected error outside of GraphQL");
  return new TollgateError("INTERNAL", brokeOnOurSide(request.id), { cause: error });
}
