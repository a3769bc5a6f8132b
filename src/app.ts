import "reflect-metadata";
import type { FastifyInstance } from "fastify";
import {
  buildInference,
  buildJobsDomain,
  buildKeys,
  buildPeople,
  buildPlans,
  buildUsage,
  type Ground,
  type Keys,
  type People,
} from "./assembly.ts";
import { buildBilling } from "./billing-assembly.ts";
import { type Chore, startChores } from "./chores.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { isErrorCode } from "./core/errors.ts";
import { newId } from "./core/ids.ts";
import type { Principal } from "./core/principal.ts";
import { AuditResolver } from "./domains/audit/audit.resolver.ts";
import { AuditStore } from "./domains/audit/audit.store.ts";
import { BillingDetailsResolver } from "./domains/billing/billing-details.resolver.ts";
import { CreditResolver } from "./domains/billing/credit.resolver.ts";
import { ExplanationResolver } from "./domains/billing/explanation.resolver.ts";
import { InvoiceResolver } from "./domains/billing/invoice.resolver.ts";
import { PlanChangeResolver } from "./domains/billing/plan-change.resolver.ts";
import { EngineResolver } from "./domains/inference/engine.resolver.ts";
import { InferenceResolver } from "./domains/inference/inference.resolver.ts";
import { MeasurementsResolver } from "./domains/inference/measurements.resolver.ts";
import { DatasetsResolver } from "./domains/jobs/datasets.resolver.ts";
import { JobItemsResolver } from "./domains/jobs/job-items.resolver.ts";
import { JobsResolver } from "./domains/jobs/jobs.resolver.ts";
import { ApiKeyResolver } from "./domains/keys/keys.resolver.ts";
import { AliasReportResolver } from "./domains/models/alias-report.resolver.ts";
import { HostedModelsResolver } from "./domains/models/hosted.resolver.ts";
import { PlanLimitModelResolver, PriceModelResolver } from "./domains/models/model-names.resolver.ts";
import { ModelsResolver } from "./domains/models/models.resolver.ts";
import { RegistryResolver } from "./domains/models/registry.resolver.ts";
import { PlanResolver } from "./domains/plans/plan.resolver.ts";
import { MemberResolver } from "./domains/tenants/member.resolver.ts";
import { MembershipResolver } from "./domains/tenants/membership.resolver.ts";
import { SubscriptionResolver, TenantSubscriptionsResolver } from "./domains/tenants/subscription.resolver.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import { DriftResolver } from "./domains/usage/drift.resolver.ts";
import { ErrorCountsResolver } from "./domains/usage/error-counts.resolver.ts";
import { LimitsResolver } from "./domains/usage/limits.resolver.ts";
import { PartitionsStore } from "./domains/usage/partitions.store.ts";
import { TenantLimitsResolver } from "./domains/usage/tenant-limits.resolver.ts";
import { UsageResolver } from "./domains/usage/usage.resolver.ts";
import { UsageTicksResolver } from "./domains/usage/usage-ticks.resolver.ts";
import { AccountResolver } from "./domains/users/account.resolver.ts";
import { PrincipalResolver } from "./domains/users/principal.resolver.ts";
import { SignInResolver } from "./domains/users/sign-in.resolver.ts";
import { WebhooksResolver } from "./domains/webhooks/webhooks.resolver.ts";
import { Authenticator } from "./edge/auth/authenticate.ts";
import { maxTokens, startApollo } from "./edge/graphql/apollo.ts";
import { NodeResolver } from "./edge/graphql/node.resolver.ts";
import { schemaOf } from "./edge/graphql/schema.ts";
import { Subscriptions } from "./edge/graphql/subscriptions.ts";
import { readDashboard } from "./edge/http/dashboard-files.ts";
import { listen, shut } from "./edge/http/listen.ts";
import type { Readiness } from "./edge/http/operations.ts";
import { createServer, type Serves } from "./edge/http/server.ts";
import { buildModels } from "./models-assembly.ts";
import { nodeLoaders } from "./nodes-assembly.ts";
import type { Config } from "./platform/config.ts";
import { openDatabase } from "./platform/database.ts";
import type { Logger } from "./platform/logger.ts";
import { createMetrics } from "./platform/metrics.ts";
import { startNotifications } from "./platform/notifications.ts";
import { buildWebhooks, type Webhooks } from "./webhooks-assembly.ts";

/** The whole gateway, built once and serving. */
export interface App {
  /** Where it serves, such as `http://localhost:4000`. */
  url: string;
  people: People;
  keys: Keys;
  webhooks: Webhooks;
  /** Settles when the versions that aliases point at are loaded; until then `/readyz` says no, though the door is open. */
  ready: Promise<void>;
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
  SubscriptionResolver,
  TenantSubscriptionsResolver,
  ApiKeyResolver,
  WebhooksResolver,
  ModelsResolver,
  PriceModelResolver,
  PlanLimitModelResolver,
  RegistryResolver,
  AliasReportResolver,
  HostedModelsResolver,
  UsageResolver,
  ErrorCountsResolver,
  LimitsResolver,
  TenantLimitsResolver,
  UsageTicksResolver,
  DriftResolver,
  InferenceResolver,
  MeasurementsResolver,
  EngineResolver,
  JobsResolver,
  JobItemsResolver,
  DatasetsResolver,
  InvoiceResolver,
  PlanChangeResolver,
  ExplanationResolver,
  CreditResolver,
  BillingDetailsResolver,
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
  const { config, database } = ground;
  await new PartitionsStore(database).ensure();
  const house = await buildHouse(ground);
  const server = await buildServer(ground, house);
  const url = await listen(server, config);
  // Not before: a gateway that cannot open its door ends, and these with it.
  const chores = startChores(ground, house);
  house.jobs.work.start();
  const { people, keys, webhooks, models } = house;
  const ready = models.firstLoads.done;
  return { url, people, keys, webhooks, ready, close: () => close(ground, { server, chores, house }) };
}

type House = Awaited<ReturnType<typeof buildHouse>>;

/** The domains, in the order of their line, and the schema over all of them. */
async function buildHouse(ground: Ground) {
  const audit = new AuditStore(ground.database);
  const people = await buildPeople(ground);
  const webhooks = await buildWebhooks(ground);
  const models = await buildModels(ground, people.tenants);
  const { catalogue, modelIdFor } = models;
  const keys = buildKeys(ground, modelIdFor);
  const plans = buildPlans(ground, models.platformModelId);
  const usage = buildUsage(ground, { keys, catalogue, modelIdFor });
  const inference = buildInference(ground, { ...models, ...usage, tenants: people.tenants });
  const jobs = buildJobsDomain(ground, { ...models, usage });
  const billing = buildBilling(ground);
  const loaders = nodeLoaders({
    people,
    keys,
    audit,
    plans: plans.plans,
    catalogue,
    webhooks,
    jobs,
    others: billing.nodeLoaders,
  });
  const schema = await schemaOf(resolverClasses, [
    new AuditResolver(audit),
    ...plans.resolvers,
    ...people.resolvers,
    keys.resolver,
    webhooks.resolver,
    ...models.resolvers,
    ...usage.resolvers,
    ...inference.resolvers,
    ...jobs.resolvers,
    ...billing.resolvers,
    new NodeResolver(loaders),
  ]);
  return { people, webhooks, models, keys, usage, inference, jobs, billing, schema };
}

async function close(
  { config, logger, database, notifications }: Ground,
  parts: { server: FastifyInstance; chores: Chore[]; house: House },
): Promise<void> {
  const { models, usage, webhooks, keys, jobs } = parts.house;
  // In the order of the way through the house: no new requests, those inside finish, then what they stood on.
  await shut(parts.server, config.shutdownTimeoutMs);
  await jobs.work.close();
  await models.registrations.close();
  await usage.ticks.close();
  await usage.errorTally.close();
  await models.engine.close();
  models.artifactStore.close();
  const owed = await usage.ledger.close(config.shutdownTimeoutMs);
  if (owed > 0)
    logger.error({ owed }, "charges that should have been taken back were not: the database did not answer");
  await Promise.all(parts.chores.map((chore) => chore.stop()));
  await webhooks.sender.close(config.shutdownTimeoutMs);
  await keys.lastUses.close();
  await notifications.close();
  await database.close();
}

async function buildServer(
  { config, logger, database, metrics, serves }: Ground,
  { schema, people, keys, models, billing, usage, jobs }: House,
): Promise<FastifyInstance> {
  const doorOptions = {
    schema,
    logger,
    introspection: config.introspection,
    onError: (code: string, principal?: Principal) => {
      metrics.errors.inc({ code });
      if (isErrorCode(code) && principal !== undefined && principal.kind !== "OPERATOR") {
        usage.errorTally.note(principal.tenantId, code);
      }
    },
  };
  const graphql = await startApollo(doorOptions);
  const subscriptions = new Subscriptions({ ...doorOptions, maxTokens });
  const readiness = async (): Promise<Readiness> => ({
    database: await database.systemSql({ text: "select 1" }).then(
      () => undefined,
      () => "does not answer",
    ),
    runners: models.engine.isReady() ? undefined : "no runner is up",
    models: models.firstLoads.problem,
  });
  const authenticator = new Authenticator({
    apiKeys: keys.authenticator,
    accessTokens: people.authentication,
  });
  const dashboard = await readDashboard(config.dashboardDir);
  if (dashboard === undefined) logger.warn({ folder: config.dashboardDir }, "the dashboard is not built");
  return await createServer({
    config,
    logger,
    metrics,
    graphql,
    subscriptions,
    authenticator,
    readiness,
    artifacts: models.artifacts,
    documents: billing.documents,
    exports: usage.exports,
    datasets: jobs.datasets,
    results: jobs.results,
    serves,
    onError: doorOptions.onError,
    signIn: people.signIn,
    dashboard,
  });
}
