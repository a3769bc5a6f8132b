import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { TollgateError } from "../../core/errors.ts";
import type { Config } from "../../platform/config.ts";
import type { Metrics } from "../../platform/metrics.ts";

/** What has to be well for this gateway to answer, each with what is wrong or nothing. */
export type Readiness = Record<string, string | undefined>;

export interface OperationsOptions {
  config: Config;
  metrics: Metrics;
  readiness: () => Promise<Readiness>;
}

/** What operators and load balancers ask: is it alive, is it ready, what does it measure. */
export function registerOperations(server: FastifyInstance, options: OperationsOptions): void {
  server.get("/healthz", (_request, reply) => reply.send({ status: "alive" }));

  server.get("/readyz", async (_request, reply) => {
    const checks = await options.readiness();
    const isReady = Object.values(checks).every((problem) => problem === undefined);
    void reply.code(isReady ? 200 : 503);
    const shown = Object.entries(checks).map(([name, problem]) => [name, problem ?? "ok"]);
    return { status: isReady ? "ready" : "not ready", checks: Object.fromEntries(shown) };
  });

  server.get("/metrics", async (request, reply) => {
    refuseStranger(request, options.config.metricsToken);
    void reply.type(options.metrics.registry.contentType);
    return await options.metrics.registry.metrics();
  });
}

// What the platform measures is not for its tenants: with a token, whoever has it; without, this machine alone.
function refuseStranger(request: FastifyRequest, token: string | undefined): void {
  if (token === undefined) {
    const isLocal = ["127.0.0.1", "::1", "::ffff:127.0.0.1"].includes(request.ip);
    if (!isLocal)
      throw new TollgateError("FORBIDDEN", "Metrics are served to this machine only, until METRICS_TOKEN is set.");
    return;
  }
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${token}`))) return;
  throw new TollgateError("UNAUTHENTICATED", "Send `Authorization: Bearer <METRICS_TOKEN>`.");
}
