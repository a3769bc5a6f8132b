import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { type Abandoned, Abandonment } from "../../core/abandonment.ts";
import { TollgateError } from "../../core/errors.ts";
import { ofTenant } from "../../core/principal.ts";
import type { UsageExports } from "../../domains/usage/usage-export.ts";
import { usageDimensions, usageIntervals } from "../../domains/usage/usage-report.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import { credentialOf } from "../auth/credential.ts";
import { requirePermission } from "../graphql/authorize.ts";

export interface ExportsOptions {
  authenticator: Pick<Authenticator, "authenticate">;
  exports: UsageExports;
}

const moment = z.iso.datetime({ offset: true, error: "must be a time such as 2026-11-01T00:00:00Z" });
const period = {
  startsAt: moment.transform((text) => new Date(text)),
  endsAt: moment.transform((text) => new Date(text)),
};
const eventsQuery = z.strictObject(period);
const reportQuery = z.strictObject({
  ...period,
  groupBy: z
    .string()
    .default("")
    .transform((text) => text.split(",").filter((name) => name !== ""))
    .pipe(z.array(z.enum(usageDimensions, { error: `must be some of ${usageDimensions.join(",")}` }))),
  interval: z.enum(usageIntervals, { error: `must be one of ${usageIntervals.join(", ")}` }).optional(),
});

/**
 * Usage as files of any size. They are sent as they are read from the database: as fast as the caller takes them, and no
 * further when the caller has left. What breaks in the middle ends the connection without its proper end, so that half a
 * file is not taken for a whole one.
 */
export function registerExports(server: FastifyInstance, { authenticator, exports }: ExportsOptions): void {
  const tenantOf = async (request: FastifyRequest): Promise<string> => {
    const principal = await authenticator.authenticate(credentialOf(request.headers, request.host), request.ip);
    if (principal === undefined) {
      throw new TollgateError("UNAUTHENTICATED", "Send `Authorization: Bearer <API key or access token>`.");
    }
    requirePermission(principal, "usage:read");
    return ofTenant(principal).tenantId;
  };

  server.get("/exports/usage.csv", async (request, reply) => {
    const tenantId = await tenantOf(request);
    const { interval, ...rest } = parsed(reportQuery, request);
    const abandoned = abandonedBy(reply);
    return await sendCsv(reply, "usage.csv", exports.report(tenantId, { ...rest, interval }, abandoned));
  });

  server.get("/exports/usage-events.csv", async (request, reply) => {
    const tenantId = await tenantOf(request);
    const query = parsed(eventsQuery, request);
    return await sendCsv(reply, "usage-events.csv", exports.events(tenantId, query, abandonedBy(reply)));
  });
}

function parsed<T>(schema: z.ZodType<T>, request: FastifyRequest): T {
  const result = schema.safeParse(request.query);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "query"} ${issue.message}`);
  throw new TollgateError("INVALID_INPUT", `The export cannot be made so: ${problems.join("; ")}.`);
}

const stalledMs = 60_000;

/** What is refused before the first piece is refused as any request is. */
async function sendCsv(reply: FastifyReply, name: string, pieces: AsyncIterable<string>): Promise<FastifyReply> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  // Whoever stops reading for this long has gone, whatever the connection says.
  reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
  const body = Readable.from(startingWith(first, iterator), { objectMode: false });
  return reply
    .type("text/csv; charset=utf-8; header=present")
    .header("content-disposition", `attachment; filename="${name}"`)
    .header("cache-control", "no-store")
    .send(body);
}

async function* startingWith(
  first: IteratorResult<string>,
  rest: AsyncIterator<string>,
): AsyncGenerator<string, void, undefined> {
  try {
    for (let piece = first; piece.done !== true; piece = await rest.next()) yield piece.value;
  } finally {
    await rest.return?.();
  }
}

function abandonedBy(reply: FastifyReply): Abandoned {
  const abandonment = new Abandonment();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) abandonment.abort();
  });
  return abandonment;
}
