import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type DashboardFiles, noncePlaceholder } from "./dashboard-files.ts";

/**
 * Serves the dashboard: its pages at every address that nothing else has, its files at their own. A page is made anew for
 * each answer with a nonce in it, which is the only way for a style to be written in it; scripts come from files alone.
 */
export function registerDashboard(server: FastifyInstance, dashboard: DashboardFiles | undefined): void {
  server.get("/", (_request, reply) => sendPage(reply, dashboard, "index"));
  server.get("/graphiql", (_request, reply) => sendPage(reply, dashboard, "graphiql"));
  for (const [url, file] of dashboard?.byPath ?? []) {
    server.get(url, (request, reply) => {
      const accepted = request.headers["accept-encoding"] ?? "";
      const [encoding, body] = bestOf(file, accepted);
      void reply
        .headers(commonHeaders)
        .type(file.type)
        .header("vary", "accept-encoding")
        // The name of a hashed file changes with what is in it, so whoever has it has it for good.
        .header("cache-control", file.isHashed ? "public, max-age=31536000, immutable" : "public, max-age=3600");
      if (encoding !== undefined) void reply.header("content-encoding", encoding);
      return reply.send(body);
    });
  }
}

/** Whether the request is a browser's for a page, which the dashboard shows or says that there is none. */
export function wantsPage(request: FastifyRequest): boolean {
  const isRead = request.method === "GET" || request.method === "HEAD";
  return isRead && (request.headers.accept ?? "").includes("text/html");
}

/** A page of the dashboard; its own addresses are told apart in the browser. */
export function sendPage(
  reply: FastifyReply,
  dashboard: DashboardFiles | undefined,
  page: keyof DashboardFiles["pages"],
): FastifyReply {
  if (dashboard === undefined) {
    return reply
      .code(503)
      .type("text/plain; charset=utf-8")
      .send("The dashboard is not built here. Run: npm run build. The API is at /graphql.\n");
  }
  const nonce = randomBytes(16).toString("base64");
  return reply
    .headers(commonHeaders)
    .header("content-security-policy", policyOf(page, nonce))
    .header("cache-control", "no-store")
    .type("text/html; charset=utf-8")
    .send(dashboard.pages[page].replaceAll(noncePlaceholder, nonce));
}

const commonHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
};

function policyOf(page: keyof DashboardFiles["pages"], nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    // GraphiQL's own stylesheet has its fonts written into it.
    page === "graphiql" ? "font-src 'self' data:" : "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

type Encoded = [encoding: string | undefined, body: Buffer];

function bestOf(file: { plain: Buffer; br: Buffer | undefined; gzip: Buffer | undefined }, accepted: string): Encoded {
  if (file.br !== undefined && /\bbr\b/.test(accepted)) return ["br", file.br];
  if (file.gzip !== undefined && /\bgzip\b/.test(accepted)) return ["gzip", file.gzip];
  return [undefined, file.plain];
}
