import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TollgateError } from "../../core/errors.ts";
import { ofTenant, type TenantPrincipal } from "../../core/principal.ts";
import { principalOf } from "../../core/request-context.ts";
import { type Dataset, type DatasetFormat, isDatasetFormat } from "../../domains/jobs/dataset.ts";
import type { DatasetsService } from "../../domains/jobs/datasets.service.ts";
import { requirePermission } from "../graphql/authorize.ts";

interface DatasetRoutes {
  datasets: DatasetsService;
  authenticate: (request: FastifyRequest) => Promise<void>;
}

const formatsByType = new Map<string, DatasetFormat>([
  ["application/jsonl", "JSONL"],
  ["application/x-ndjson", "JSONL"],
  ["application/x-jsonlines", "JSONL"],
  ["text/csv", "CSV"],
  ["application/vnd.apache.parquet", "PARQUET"],
  ["application/x-parquet", "PARQUET"],
  ["application/zip", "ZIP"],
]);

/**
 * `PUT /datasets/<id>` takes a file, whole or in parts: `Upload-Offset` says where a part belongs, `Upload-Length` how
 * long the whole is. `HEAD` says how far it is. The body goes through in chunks; nothing is held whole.
 */
export function registerDatasets(server: FastifyInstance, { datasets, authenticate }: DatasetRoutes): void {
  void server.register((scope, _options, done) => {
    // Whatever it is, it is a stream here; beside /graphql, bodies are JSON.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));

    scope.route({
      method: "PUT",
      url: "/datasets/:id",
      bodyLimit: Number.MAX_SAFE_INTEGER,
      onRequest: authenticate,
      handler: async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
        const principal = allowed(request, "jobs:write");
        hangUpOnRefusal(request, reply);
        const dataset = await datasets.upload(principal, {
          id: request.params.id,
          format: formatOf(request),
          ...extentOf(request),
          bytes: request.raw,
        });
        return await reply
          .code(dataset.state === "READY" ? 201 : 202)
          .headers(headersOf(dataset))
          .send(shown(dataset));
      },
    });

    scope.route({
      method: "HEAD",
      url: "/datasets/:id",
      onRequest: authenticate,
      handler: async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
        const dataset = await datasets.find(allowed(request, "jobs:read"), request.params.id);
        return await reply.code(200).headers(headersOf(dataset)).send();
      },
    });
    done();
  });
}

/** A sender that is refused while it sends would go on for as long as it has something. */
function hangUpOnRefusal(request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw; // a request that was refused has lost it by then
  reply.raw.once("finish", () => {
    if (!request.raw.complete) socket.destroySoon();
  });
}

function allowed(request: FastifyRequest, permission: "jobs:read" | "jobs:write"): TenantPrincipal {
  const principal = principalOf({ principal: request.principal });
  requirePermission(principal, permission);
  return ofTenant(principal);
}

function formatOf(request: FastifyRequest): DatasetFormat | undefined {
  const named = (request.query as { format?: unknown }).format;
  if (named !== undefined) {
    if (typeof named === "string" && isDatasetFormat(named)) return named;
    throw new TollgateError("INVALID_INPUT", "format must be JSONL, CSV, PARQUET or ZIP.");
  }
  return formatsByType.get((request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "");
}

function extentOf(request: FastifyRequest): { offset: number; lengthBytes: number | undefined } {
  const offset = wholeOf(request, "upload-offset") ?? 0;
  const content = wholeOf(request, "content-length");
  return {
    offset,
    lengthBytes: wholeOf(request, "upload-length") ?? (content === undefined ? undefined : offset + content),
  };
}

function wholeOf(request: FastifyRequest, name: string): number | undefined {
  const value = request.headers[name];
  if (value === undefined) return undefined;
  const number = Number(value);
  if (typeof value === "string" && /^\d{1,15}$/.test(value)) return number;
  throw new TollgateError("INVALID_INPUT", `The header ${name} must be a whole number of bytes.`);
}

function headersOf({ sizeBytes, lengthBytes, state }: Dataset): Record<string, string> {
  return {
    "upload-offset": String(sizeBytes),
    ...(lengthBytes === undefined ? {} : { "upload-length": String(lengthBytes) }),
    "upload-complete": state === "READY" ? "?1" : "?0",
    "cache-control": "no-store",
  };
}

function shown({ id, format, state, sizeBytes, expiresAt }: Dataset) {
  return { id, format, isReady: state === "READY", sizeBytes, expiresAt: expiresAt.toISOString() };
}
