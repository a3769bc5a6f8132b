import { fastifyApolloHandler } from "@as-integrations/fastify";
import websocket from "@fastify/websocket";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type Abandoned, Abandonment } from "../../core/abandonment.ts";
import { messageOf, TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { RequestContext } from "../../core/request-context.ts";
import type { DatasetsService } from "../../domains/jobs/datasets.service.ts";
import type { ResultsService } from "../../domains/jobs/results.service.ts";
import type { Artifacts } from "../../domains/models/artifacts.ts";
import type { Config } from "../../platform/config.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import { credentialOf } from "../auth/credential.ts";
import type { GraphqlDoor, OnError } from "../graphql/apollo.ts";
import { brokeOnOurSide, extensionsOf, logCause } from "../graphql/format-error.ts";
import { withRequest } from "../graphql/request-scope.ts";
import type { Subscriptions } from "../graphql/subscriptions.ts";
import { Admission } from "./admission.ts";
import { registerArtifacts, uploadAdmission } from "./artifacts.ts";
import { registerDashboard, sendPage, wantsPage } from "./dashboard.ts";
import type { DashboardFiles } from "./dashboard-files.ts";
import { registerDatasets } from "./datasets.ts";
import { streamEvents, wantsEvents } from "./event-stream.ts";
import { type ExportsOptions, registerExports } from "./exports.ts";
import { type InvoicesOptions, registerInvoices } from "./invoices.ts";
import { registerJobResults } from "./job-results.ts";
import { readMultipart } from "./multipart.ts";
import { OpenStreams } from "./open-streams.ts";
import { type OperationsOptions, registerOperations } from "./operations.ts";
import { registerSession, type SessionOptions } from "./session.ts";
import { refuseSlowBodies } from "./slow-bodies.ts";
import { requireUploader } from "./uploader.ts";
import { maxMessageBytes, websocketHandler } from "./websocket.ts";

interface ServerOptions extends OperationsOptions, InvoicesOptions, ExportsOptions, SessionOptions {
  config: Config;
  logger: Logger;
  graphql: GraphqlDoor;
  subscriptions: Subscriptions;
  authenticator: Authenticator;
  artifacts: Artifacts;
  datasets: DatasetsService;
  results: ResultsService;
  serves: Serves;
  /** Told of every error that a request is answered with outside of GraphQL. */
  onError: OnError;
  /** Undefined where it was not built. */
  dashboard: DashboardFiles | undefined;
}

/** Whom a process serves: everybody, or only whoever operates it, as a worker does. */
export type Serves = "CALLERS" | "OPERATORS";

declare module "fastify" {
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** The HTTP door: one port, bounded bodies, bounded requests in flight, a request id on every answer. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { config } = options;
  const server = Fastify({
    bodyLimit: config.bodyLimitBytes,
    trustProxy: config.trustedProxies.length === 0 ? false : config.trustedProxies,
    genReqId: () => newId("request"),
    // Its own log would be a line or two for each request. What goes wrong is logged where it does.
    logger: false,
    // The longest that a file may take to come; other bodies have less time (slow-bodies.ts).
    requestTimeout: 900_000,
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
  const sendError = (error: TollgateError, request: FastifyRequest, reply: FastifyReply) => {
    options.onError(error.code, request.principal);
    return writeError(error, request, reply);
  };
  server.setNotFoundHandler((request, reply) => {
    if (wantsPage(request)) return sendPage(reply, options.dashboard, "index");
    const error = new TollgateError(
      "NOT_FOUND",
      `There is nothing at ${request.method} ${request.url.split("?")[0]}. POST to /graphql.`,
    );
    return sendError(error, request, reply);
  });

  registerOperations(server, options);
  if (options.serves === "CALLERS") await openToCallers(server, options);
  return server;
}

async function openToCallers(server: FastifyInstance, options: ServerOptions): Promise<void> {
  const { graphql, config, authenticator, subscriptions } = options;
  const admission = new Admission(config.requestsInFlight);
  const authenticate = async (request: FastifyRequest) => {
    request.principal = await authenticator.authenticate(credentialOf(request.headers, request.host), request.ip);
  };
  const streams = await openStreams(server, options);
  const apolloHandler = fastifyApolloHandler(graphql.apollo, {
    context: (request, reply) => Promise.resolve(contextOf(request, reply)),
  });
  const answer = (request: FastifyRequest, reply: FastifyReply) =>
    answerKnown(graphql, request, reply) ?? Promise.resolve(apolloHandler.call(server, request, reply));
  refuseSlowBodies(server);
  const uploads = uploadAdmission();
  // A stream until it is known who sends it.
  server.addContentTypeParser("multipart/form-data", (_request, payload, done) => done(null, payload));
  for (const method of ["GET", "POST"] as const) {
    server.route({
      method,
      url: "/graphql",
      preValidation: async (request) => {
        await authenticate(request);
        if (isMultipart(request))
          request.body = await uploads.admit(() => operationWithFiles(request, options.artifacts));
      },
      handler: async (request, reply) => {
        // A stream is bounded where streams are counted: it would hold its place here for as long as it is open.
        if (wantsEvents(request)) return await streamEvents(request, reply, { streams, subscriptions });
        return await admission.admit(() => withRequest(request, () => answer(request, reply)));
      },
      ...(method === "GET" ? { wsHandler: websocketHandler(streams, subscriptions) } : {}),
    });
  }
  registerDatasets(server, { datasets: options.datasets, authenticate });
  registerJobResults(server, { results: options.results, authenticate });
  registerArtifacts(server, { ...options, uploads });
  registerInvoices(server, options, admission);
  registerExports(server, options);
  registerPeople(server, options);
}

/** What stands open to people rather than programs: their sessions, and the pages that they sign in on. */
function registerPeople(server: FastifyInstance, options: ServerOptions): void {
  registerSession(server, options);
  registerDashboard(server, options.dashboard);
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

function isMultipart({ headers }: FastifyRequest): boolean {
  return /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");
}

async function operationWithFiles(request: FastifyRequest, artifacts: Artifacts): Promise<unknown> {
  const principal = requireUploader(request.principal);
  const { headers } = request;
  // A page of another site can make a browser send this content type; these headers it cannot. Apollo asks for them too,
  // but only after the files were taken in.
  if (!headers["apollo-require-preflight"] && !headers["x-apollo-operation-name"])
    throw new TollgateError(
      "INVALID_INPUT",
      "Send the header apollo-require-preflight: true with a multipart request.",
    );
  return await readMultipart({
    headers,
    body: request.raw,
    take: async (file) => await artifacts.take(principal, file, undefined),
  });
}

/** Before the routes, which WebSocket needs to know of; streams end before the server waits for its connections to. */
async function openStreams(server: FastifyInstance, options: ServerOptions): Promise<OpenStreams> {
  const { config, metrics } = options;
  const streams = new OpenStreams({ ...options, ...config });
  metrics.collectStreams(() => streams.size);
  server.addHook("preClose", async () => await streams.close());
  await server.register(websocket, { options: { maxPayload: maxMessageBytes } });
  return streams;
}

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
function writeError(error: TollgateError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // A body that was refused before it was read would go on coming, for as long as its sender likes.
  if (!request.raw.complete) void reply.header("connection", "close");
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
