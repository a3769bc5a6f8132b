import "reflect-metadata";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import {
  buildInference,
  buildKeys,
  buildModels,
  buildPeople,
  buildUsage,
  type Ground,
  type Keys,
  nodeLoaders,
  type People,
} from "./assembly.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { newId } from "./core/ids.ts";
import { AuditResolver } from "./domains/audit/audit.resolver.ts";
import { AuditStore } from "./domains/audit/audit.store.ts";
import type { Engine } from "./domains/inference/engine.ts";
import type { IdempotencyStore } from "./domains/inference/idempotency.store.ts";
import { InferenceResolver } from "./domains/inference/inference.resolver.ts";
import { ApiKeyResolver } from "./domains/keys/keys.resolver.ts";
import { ModelsResolver } from "./domains/models/models.resolver.ts";
import { PlanResolver } from "./domains/plans/plan.resolver.ts";
import { PlanStore } from "./domains/plans/plan.store.ts";
import { MemberResolver } from "./domains/tenants/member.resolver.ts";
import { MembershipResolver } from "./domains/tenants/membership.resolver.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import type { Ledger } from "./domains/usage/ledger.ts";
import { PartitionsStore } from "./domains/usage/partitions.store.ts";
import { UsageResolver } from "./domains/usage/usage.resolver.ts";
import { AccountResolver } from "./domains/users/account.resolver.ts";
import { PrincipalResolver } from "./domains/users/principal.resolver.ts";
import { SignInResolver } from "./domains/users/sign-in.resolver.ts";
import { Authenticator } from "./edge/auth/authenticate.ts";
import { startApollo } from "./edge/graphql/apollo.ts";
import { NodeResolver } from "./edge/graphql/node.resolver.ts";
import { schemaOf } from "./edge/graphql/schema.ts";
import { readDashboard } from "./edge/http/dashboard-files.ts";
import { listen, shut } from "./edge/http/listen.ts";
import type { Readiness } from "./edge/http/operations.ts";
import { createServer } from "./edge/http/server.ts";
import type { Config } from "./platform/config.ts";
import { openDatabase } from "./platform/database.ts";
import type { Logger } from "./platform/logger.ts";
import { createMetrics } from "./platform/metrics.ts";
import { startNotifications } from "./platform/notifications.ts";
import { repeatedly } from "./platform/repeatedly.ts";

/** The whole gateway, built once and serving. */
export interface App {
  /** Where it serves, such as `http://localhost:4000`. */
  url: string;
  people: People;
  keys: Keys;
  /** Takes nothing new, finishes what was accepted, and lets go of everything. */
  close(): Promise<void>;
}

/** Every resolver of the public schema. What is not here is not in `schema.graphql`. */
export const resolverClasses = [
  AuditResolver,
  PlanResolver,
  PrincipalResolver,
  SignInResolver,
  AccountResolver,
  TenantResolver,
  MemberResolver,
  MembershipResolver,
  ApiKeyResolver,
  ModelsResolver,
  UsageResolver,
  InferenceResolver,
  NodeResolver,
] as const;

/** Builds and starts everything on a migrated database. */
export async function startApp(options: {
  config: Config;
  logger: Logger;
  databaseUrl: string;
  clock?: Clock;
}): Promise<App> {
  const { config, logger, databaseUrl, clock = systemClock } = options;
  const instanceId = newId("instance");
  const database = await openDatabase(databaseUrl);
  const notifications = await startNotifications({ database, logger, instanceId });
  try {
    return await serve({ config, logger, clock, database, notifications, metrics: createMetrics(), instanceId });
  } catch (error) {
    // Whoever called stops the database next, which these would otherwise report as a failure of its own.
    await notifications.close();
    await database.close();
    throw error;
  }
}

async function serve(ground: Ground): Promise<App> {
  const { config, logger, database, notifications } = ground;
  await new PartitionsStore(database).ensure();

  const people = await buildPeople(ground);
  const keys = buildKeys(ground);
  const models = await buildModels(ground);
  const usage = buildUsage(ground, keys, models.catalogue);
  const inference = buildInference(ground, { ...models, ledger: usage.ledger });
  const audit = new AuditStore(database);
  const plans = new PlanStore(database);
  const resolvers = [
    new AuditResolver(audit),
    new PlanResolver(plans),
    ...people.resolvers,
    keys.resolver,
    models.resolver,
    usage.resolver,
    inference.resolver,
    new NodeResolver(nodeLoaders({ people, keys, audit, plans, catalogue: models.catalogue })),
  ];
  const server = await buildServer(ground, {
    schema: await schemaOf(resolverClasses, resolvers),
    people,
    keys,
    engine: models.engine,
  });
  const chores = startChores(ground, {
    ledger: usage.ledger,
    engine: models.engine,
    idempotency: inference.idempotency,
  });
  const url = await listen(server, config);

  const close = async () => {
    // In the order of the way through the house: no new requests, those inside finish, then what they stood on.
    await shut(server, config.shutdownTimeoutMs);
    await models.engine.close();
    const owed = await usage.ledger.close(config.shutdownTimeoutMs);
    if (owed > 0)
      logger.error({ owed }, "charges that should have been taken back were not: the database did not answer");
    await Promise.all(chores.map((chore) => chore.stop()));
    await keys.lastUses.close();
    await notifications.close();
    await database.close();
  };
  return { url, people, keys, close };
}

async function buildServer(
  { config, logger, database, metrics }: Ground,
  parts: { schema: GraphQLSchema; people: People; keys: Keys; engine: Engine },
): Promise<FastifyInstance> {
  const graphql = await startApollo({
    schema: parts.schema,
    logger,
    introspection: config.introspection,
    onError: (code) => metrics.errors.inc({ code }),
  });
  const readiness = async (): Promise<Readiness> => ({
    database: await database.systemSql({ text: "select 1" }).then(
      () => undefined,
      () => "does not answer",
    ),
    runners: parts.engine.isReady() ? undefined : "no runner is up",
  });
  const authenticator = new Authenticator({
    apiKeys: parts.keys.authenticator,
    accessTokens: parts.people.authentication,
  });
  const { signIn } = parts.people;
  const dashboard = await readDashboard(config.dashboardDir);
  if (dashboard === undefined) logger.warn({ folder: config.dashboardDir }, "the dashboard is not built");
  return createServer({ config, logger, metrics, graphql, authenticator, readiness, signIn, dashboard });
}

function startChores(
  { logger, database, metrics }: Ground,
  parts: { ledger: Ledger; engine: Engine; idempotency: IdempotencyStore },
) {
  const hourMs = 3_600_000;
  const partitions = new PartitionsStore(database);
  return [
    repeatedly({ everyMs: 12 * hourMs, name: "making the months ahead", logger }, () => partitions.ensure()),
    repeatedly({ everyMs: hourMs, name: "forgetting old answers", logger }, () => parts.idempotency.deleteExpired()),
    repeatedly({ everyMs: 5_000, name: "gauging", logger }, () => {
      metrics.owedReversals.set(parts.ledger.owed);
      const queued = parts.engine.state().lanes.map((lane) => lane.queuedInputs);
      metrics.queuedInputs.set(queued.reduce((sum, inputs) => sum + inputs, 0));
    }),
  ];
}
