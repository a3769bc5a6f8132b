import "reflect-metadata";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import {
  buildInference,
  buildJobsDomain,
  buildKeys,
  buildModels,
  buildPeople,
  buildPlans,
  buildUsage,
  buildWebhooks,
  type Ground,
  type Keys,
  type People,
  type Webhooks,
} from "./assembly.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { newId } from "./core/ids.ts";
import { AuditResolver } from "./domains/audit/audit.resolver.ts";
import { AuditStore } from "./domains/audit/audit.store.ts";
import type { Engine } from "./domains/inference/engine.ts";
import type { IdempotencyStore } from "./domains/inference/idempotency.store.ts";
import { InferenceResolver } from "./domains/inference/inference.resolver.ts";
import { DatasetsResolver } from "./domains/jobs/datasets.resolver.ts";
import { JobItemsResolver } from "./domains/jobs/job-items.resolver.ts";
import { JobsResolver } from "./domains/jobs/jobs.resolver.ts";
import type { JobsDomain } from "./domains/jobs/jobs-domain.ts";
import { ApiKeyResolver } from "./domains/keys/keys.resolver.ts";
import { ModelsResolver } from "./domains/models/models.resolver.ts";
import { PlanResolver } from "./domains/plans/plan.resolver.ts";
import { SubscriptionResolver, TenantSubscriptionsResolver } from "./domains/tenants/subscription.resolver.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import { DriftStore } from "./domains/usage/drift.store.ts";
import { DriftWatch } from "./domains/usage/drift-watch.ts";
import type { Ledger } from "./domains/usage/ledger.ts";
import { LimitsResolver } from "./domains/usage/limits.resolver.ts";
import { PartitionsStore } from "./domains/usage/partitions.store.ts";
import { RetentionStore } from "./domains/usage/retention.store.ts";
import { TenantLimitsResolver } from "./domains/usage/tenant-limits.resolver.ts";
import { UsageResolver } from "./domains/usage/usage.resolver.ts";
import type { UsageExports } from "./domains/usage/usage-export.ts";
import { UsageTicksResolver } from "./domains/usage/usage-ticks.resolver.ts";
import { PrincipalResolver } from "./domains/users/principal.resolver.ts";
import { SignInResolver } from "./domains/users/sign-in.resolver.ts";
import { WebhooksResolver } from "./domains/webhooks/webhooks.resolver.ts";
import { Authenticator } from "./edge/auth/authenticate.ts";
import { maxTokens, startApollo } from "./edge/graphql/apollo.ts";
import { NodeResolver } from "./edge/graphql/node.resolver.ts";
import { schemaOf } from "./edge/graphql/schema.ts";
import { Subscriptions } from "./edge/graphql/subscriptions.ts";
import { listen, shut } from "./edge/http/listen.ts";
import type { Readiness } from "./edge/http/operations.ts";
import { createServer, type Serves } from "./edge/http/server.ts";
import { nodeLoaders } from "./node-assembly.ts";
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
  webhooks: Webhooks;
  /** Takes nothing new, finishes what was accepted, and lets go of everything. */
  close(): Promise<void>;
}

/** Every resolver of the public schema. What is not here is not in `schema.graphql`. */
export const resolverClasses = [
  AuditResolver,
  PlanResolver,
  PrincipalResolver,
  SignInResolver,
  TenantResolver,
  SubscriptionResolver,
  TenantSubscriptionsResolver,
  ApiKeyResolver,
  WebhooksResolver,
  ModelsResolver,
  UsageResolver,
  LimitsResolver,
  TenantLimitsResolver,
  UsageTicksResolver,
  InferenceResolver,
  JobsResolver,
  JobItemsResolver,
  DatasetsResolver,
  NodeResolver,
] as const;

/** Builds and starts everything on a migrated database. */
export async function startApp(options: {
  config: Config;
  logger: Logger;
  databaseUrl: string;
  clock?: Clock;
  /** A worker serves only whoever operates it. */
  serves?: Serves;
}): Promise<App> {
  const { config, logger, databaseUrl, clock = systemClock, serves = "CALLERS" } = options;
  const instanceId = newId("instance");
  const database = await openDatabase(databaseUrl);
  const notifications = await startNotifications({ database, logger, instanceId });
  try {
    const metrics = createMetrics();
    return await serve({ config, logger, clock, database, notifications, metrics, instanceId, serves });
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
  const webhooks = await buildWebhooks(ground);
  const models = await buildModels(ground);
  const { catalogue, platformModelId: modelIdOf } = models;
  const keys = buildKeys(ground, modelIdOf);
  const { plans, resolvers: planResolvers } = buildPlans(ground, modelIdOf);
  const usage = buildUsage(ground, { keys, catalogue, modelIdOf });
  const inference = buildInference(ground, { ...models, ledger: usage.ledger });
  const jobs = buildJobsDomain(ground, { ...models, usage });
  const audit = new AuditStore(database);
  const resolvers = [
    new AuditResolver(audit),
    ...planResolvers,
    ...people.resolvers,
    keys.resolver,
    webhooks.resolver,
    models.resolver,
    ...usage.resolvers,
    inference.resolver,
    ...jobs.resolvers,
    new NodeResolver(nodeLoaders({ people, keys, audit, plans, catalogue, jobs, webhooks })),
  ];
  const schema = await schemaOf(resolverClasses, resolvers);
  const { engine } = models;
  const server = await buildServer(ground, { schema, people, keys, engine, jobs, exports: usage.exports });
  const url = await listen(server, config);
  // Not before: a gateway that cannot open its door ends, and these with it.
  const chores = startChores(ground, {
    ledger: usage.ledger,
    engine: models.engine,
    idempotency: inference.idempotency,
    webhooks,
    rollUpDays: () => usage.days.rollUp(),
  });
  jobs.work.start();

  const close = async () => {
    // In the order of the way through the house: no new requests, those inside finish, then what they stood on.
    await shut(server, config.shutdownTimeoutMs);
    await jobs.work.close();
    await usage.ticks.close();
    await models.engine.close();
    const owed = await usage.ledger.close(config.shutdownTimeoutMs);
    if (owed > 0)
      logger.error({ owed }, "charges that should have been taken back were not: the database did not answer");
    await Promise.all(chores.map((chore) => chore.stop()));
    await webhooks.sender.close(config.shutdownTimeoutMs);
    await keys.lastUses.close();
    await notifications.close();
    await database.close();
  };
  return { url, people, keys, webhooks, close };
}

async function buildServer(
  { config, logger, database, metrics, serves }: Ground,
  parts: { schema: GraphQLSchema; people: People; keys: Keys; engine: Engine; jobs: JobsDomain; exports: UsageExports },
): Promise<FastifyInstance> {
  const graphqlOptions = {
    schema: parts.schema,
    logger,
    introspection: config.introspection,
    onError: (code: string) => metrics.errors.inc({ code }),
  };
  const graphql = await startApollo(graphqlOptions);
  const subscriptions = new Subscriptions({ ...graphqlOptions, maxTokens });
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
  const { exports } = parts;
  const { datasets, results } = parts.jobs;
  return await createServer({
    config,
    logger,
    metrics,
    graphql,
    subscriptions,
    authenticator,
    readiness,
    exports,
    datasets,
    results,
    serves,
  });
}

function startChores(
  { config, logger, clock, database, metrics }: Ground,
  parts: {
    ledger: Ledger;
    engine: Engine;
    idempotency: IdempotencyStore;
    webhooks: Webhooks;
    rollUpDays: () => Promise<void>;
  },
) {
  const { sender, outbox } = parts.webhooks;
  const hourMs = 3_600_000;
  const partitions = new PartitionsStore(database);
  const retention = new RetentionStore(database);
  const drift = new DriftWatch({
    store: new DriftStore(database),
    logger,
    onDrift: (numbers) => metrics.ledgerDrift.set(numbers),
  });
  return [
    repeatedly({ everyMs: 12 * hourMs, name: "making the months ahead", logger }, () => partitions.ensure()),
    repeatedly({ everyMs: hourMs, name: "forgetting old answers", logger }, () => parts.idempotency.deleteExpired()),
    // What is due again, or was left by a gateway that died; what is new wakes the sender itself.
    repeatedly({ everyMs: 1_000, name: "sending webhooks", logger }, () => sender.pump()),
    repeatedly({ everyMs: hourMs / 6, name: "rolling up days", logger }, parts.rollUpDays),
    repeatedly({ everyMs: hourMs, name: "looking after webhooks", logger }, async () => {
      await outbox.deleteEnded(config.webhookRetentionDays);
      await outbox.enqueueExpiringKeys();
    }),
    repeatedly({ everyMs: hourMs, name: "forgetting old counters", logger }, () => retention.forgetOldCounters()),
    repeatedly({ everyMs: 24 * hourMs, name: "dropping old months", logger }, async () => {
      const months = await retention.dropOldMonths(config.usageRetentionMonths);
      if (months.length > 0) logger.info({ months }, "dropped the usage events of months that are invoiced");
    }),
    repeatedly({ everyMs: 5 * 60_000, name: "looking for drift", logger }, () => drift.look(clock.now())),
    repeatedly({ everyMs: 5_000, name: "gauging", logger }, () => {
      metrics.owedReversals.set(parts.ledger.owed);
      const queued = parts.engine.state().lanes.map((lane) => lane.queuedInputs);
      metrics.queuedInputs.set(queued.reduce((sum, inputs) => sum + inputs, 0));
    }),
  ];
}
