import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TollgateError } from "../../core/errors.ts";
import { ofTenant } from "../../core/principal.ts";
import { principalOf } from "../../core/request-context.ts";
import type { ResultBytes, ResultsService, Wanted } from "../../domains/jobs/results.service.ts";
import { requirePermission } from "../graphql/authorize.ts";

interface ResultRoutes {
  results: ResultsService;
  authenticate: (request: FastifyRequest) => Promise<void>;
}

type ResultRequest = FastifyRequest<{ Params: { id: string }; Querystring: { format?: string; after?: string } }>;

/**
 * `GET /jobs/<id>/results`: JSON lines, or CSV with `?format=csv`, in the order of the items. It can be taken up again by
 * bytes (`Range`) or by item (`?after=<index>`). Of a job that has not ended, what has ended from its beginning on.
 */
export function registerJobResults(server: FastifyInstance, { results, authenticate }: ResultRoutes): void {
  server.route({
    method: "GET",
    url: "/jobs/:id/results",
    onRequest: authenticate,
    handler: async (request: ResultRequest, reply) => {
      const principal = principalOf({ principal: request.principal });
      requirePermission(principal, "jobs:read");
      const format = formatOf(request.query.format);
      const wanted = wantedOf(request);
      let found = await results.open(ofTenant(principal), request.params.id, { format, wanted });
      if (found !== undefined && wanted.kind === "RANGE" && !isSame(request.headers["if-range"], found.etag)) {
        found = await results.open(ofTenant(principal), request.params.id, { format, wanted: { kind: "ALL" } });
      }
      void reply.type(format === "CSV" ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8");
      return found === undefined ? await behindTheEnd(reply) : await send(reply, found);
    },
  });
}

function send(reply: FastifyReply, { start, end, total, etag, isComplete, bytes }: ResultBytes): FastifyReply {
  const isPart = start > 0 || end < total;
  return reply
    .code(isPart ? 206 : 200)
    .headers({
      "accept-ranges": "bytes",
      "cache-control": "private, no-cache",
      "content-length": String(end - start),
      etag,
      "x-tollgate-complete": String(isComplete),
      ...(isPart ? { "content-range": `bytes ${start}-${end - 1}/${isComplete ? total : "*"}` } : {}),
    })
    .send(Readable.from(bytes, { objectMode: false }));
}

async function behindTheEnd(reply: FastifyReply): Promise<FastifyReply> {
  return await reply.code(416).send();
}

function formatOf(text: string | undefined): "JSONL" | "CSV" {
  if (text === undefined || /^jsonl$/i.test(text)) return "JSONL";
  if (/^csv$/i.test(text)) return "CSV";
  throw new TollgateError("INVALID_INPUT", `format is ${JSON.stringify(text.slice(0, 40))}; it must be jsonl or csv.`);
}

/** One range; any other header of that name is passed over, as HTTP allows. */
function wantedOf(request: ResultRequest): Wanted {
  const { after } = request.query;
  if (after !== undefined) {
    if (/^\d{1,15}$/.test(after)) return { kind: "AFTER", item: Number(after) };
    throw new TollgateError("INVALID_INPUT", "after must be the index of an item: the last one that you have.");
  }
  const [, start, end] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(request.headers.range ?? "") ?? [];
  if (start === undefined || (end !== undefined && Number(end) < Number(start))) return { kind: "ALL" };
  return { kind: "RANGE", start: Number(start), end: end === undefined ? undefined : Number(end) };
}

/** Whether the part belongs to the bytes that the caller has. */
function isSame(ifRange: string | string[] | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange === etag;
}
