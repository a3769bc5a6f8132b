import type { Clock } from "./core/clock.ts";
import { type Engine, startEngine } from "./domains/inference/engine.ts";
import { IdempotencyStore } from "./domains/inference/idempotency.store.ts";
import { InferenceResolver } from "./domains/inference/inference.resolver.ts";
import { InferenceService } from "./domains/inference/inference.service.ts";
import { recordEngineEvent } from "./domains/inference/inference-metrics.ts";
import { loadVersions } from "./domains/inference/loading.ts";
import { Repeats } from "./domains/inference/repeats.ts";
import { buildJobs, type JobsDomain } from "./domains/jobs/jobs-domain.ts";
import { ApiKeyAuthenticator } from "./domains/keys/api-key-authentication.ts";
import { CredentialStore } from "./domains/keys/credential.store.ts";
import { ApiKeyResolver } from "./domains/keys/keys.resolver.ts";
import { ApiKeyService } from "./domains/keys/keys.service.ts";
import { ApiKeyStore } from "./domains/keys/keys.store.ts";
import { LastUses } from "./domains/keys/last-uses.ts";
import { readBundledModels } from "./domains/models/bundled-models.ts";
import { Catalogue } from "./domains/models/catalogue.ts";
import { ModelsResolver } from "./domains/models/models.resolver.ts";
import { ModelsStore } from "./domains/models/models.store.ts";
import type { ModelIdOf } from "./domains/plans/limit-terms.ts";
import { PlanResolver } from "./domains/plans/plan.resolver.ts";
import { PlanService } from "./domains/plans/plan.service.ts";
import { PlanStore } from "./domains/plans/plan.store.ts";
import { SubscriptionResolver, TenantSubscriptionsResolver } from "./domains/tenants/subscription.resolver.ts";
import { SubscriptionService } from "./domains/tenants/subscription.service.ts";
import { SubscriptionStore } from "./domains/tenants/subscription.store.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import { TenantService } from "./domains/tenants/tenant.service.ts";
import { TenantStore } from "./domains/tenants/tenant.store.ts";
import { ChargeStore } from "./domains/usage/charge.store.ts";
import type { ChargeRequest } from "./domains/usage/charge.ts";
import { Ledger } from "./domains/usage/ledger.ts";
import { LimitsResolver } from "./domains/usage/limits.resolver.ts";
import { LimitsStore } from "./domains/usage/limits.store.ts";
import { QuoteStore } from "./domains/usage/quote.store.ts";
import { TenantLimitsResolver } from "./domains/usage/tenant-limits.resolver.ts";
import { TenantLimitsService } from "./domains/usage/tenant-limits.service.ts";
import { TenantLimitsStore } from "./domains/usage/tenant-limits.store.ts";
import { UsageResolver } from "./domains/usage/usage.resolver.ts";
import { UsageDaysStore } from "./domains/usage/usage-days.store.ts";
import { UsageEventsStore } from "./domains/usage/usage-events.store.ts";
import { UsageExports } from "./domains/usage/usage-export.ts";
import { UsageReportStore } from "./domains/usage/usage-report.store.ts";
import { UsageTicksResolver } from "./domains/usage/usage-ticks.resolver.ts";
import { UsageTicksStore } from "./domains/usage/usage-ticks.store.ts";
import { UsageTicks } from "./domains/usage/usage-ticks.ts";
import { AccessTokens } from "./domains/users/access-token.ts";
import { AccessTokenAuthentication } from "./domains/users/access-token-authentication.ts";
import { OperatorsService } from "./domains/users/operators.service.ts";
import { Passwords } from "./domains/users/passwords.ts";
import { PrincipalResolver } from "./domains/users/principal.resolver.ts";
import { SignInResolver } from "./domains/users/sign-in.resolver.ts";
import { SignInService } from "./domains/users/sign-in.service.ts";
import { SignInStore } from "./domains/users/sign-in.store.ts";
import { SignInAttemptsStore } from "./domains/users/sign-in-attempts.store.ts";
import { SigningKeys } from "./domains/users/signing-keys.ts";
import { UserStore } from "./domains/users/user.store.ts";
import { WebhookDeliveriesStore } from "./domains/webhooks/webhook-deliveries.store.ts";
import { WebhookEndpointsStore } from "./domains/webhooks/webhook-endpoints.store.ts";
import { WebhookOutboxStore } from "./domains/webhooks/webhook-outbox.store.ts";
import { WebhookSecrets } from "./domains/webhooks/webhook-secrets.ts";
import { WebhookSender } from "./domains/webhooks/webhook-sender.ts";
import { WebhooksResolver } from "./domains/webhooks/webhooks.resolver.ts";
import { WebhookService } from "./domains/webhooks/webhooks.service.ts";
import type { Serves } from "./edge/http/server.ts";
import type { Config } from "./platform/config.ts";
import type { Database, Sql } from "./platform/database.ts";
import type { Logger } from "./platform/logger.ts";
import type { Metrics } from "./platform/metrics.ts";
import { isInstanceAlive, type Notifications } from "./platform/notifications.ts";

/** What everything is built from. */
export interface Ground {
  config: Config;
  logger: Logger;
  clock: Clock;
  database: Database;
  notifications: Notifications;
  metrics: Metrics;
  /** Names this process among the gateways on the database. */
  instanceId: string;
  serves: Serves;
}

export type People = Awaited<ReturnType<typeof buildPeople>>;
export type Keys = ReturnType<typeof buildKeys>;

export async function buildPeople({ config, logger, clock, database, notifications }: Ground) {
  const users = new UserStore(database);
  const signIns = new SignInStore(database);
  const tenants = new TenantStore(database);
  const passwords = new Passwords();
  const signingKeys = await SigningKeys.open({ folder: config.signingKeysDir, clock, logger });
  const accessTokens = new AccessTokens(signingKeys, clock);
  const membershipsOf = (userId: string) => tenants.membershipsOf(userId);
  const attempts = new SignInAttemptsStore(database, clock);
  const signIn = new SignInService({ users, signIns, attempts, passwords, accessTokens, membershipsOf, clock });
  const tenantService = new TenantService(tenants, passwords, clock);
  return {
    users,
    tenants,
    tenantService,
    operators: new OperatorsService(users, passwords),
    authentication: new AccessTokenAuthentication({
      accessTokens,
      signIns,
      users,
      membershipsOf,
      notifications,
      clock,
    }),
    resolvers: [new PrincipalResolver(users), new SignInResolver(signIn), new TenantResolver(tenantService, tenants)],
  };
}

export function buildKeys({ logger, clock, database, notifications }: Ground, modelIdOf: ModelIdOf) {
  const store = new ApiKeyStore(database);
  const credentials = new CredentialStore(database);
  const service = new ApiKeyService({ store, clock, modelIdOf });
  const lastUses = new LastUses({ record: (uses) => credentials.recordUses(uses), logger });
  return {
    store,
    service,
    lastUses,
    authenticator: new ApiKeyAuthenticator({ store: credentials, notifications, lastUses, clock }),
    resolver: new ApiKeyResolver({ store, service }),
  };
}

export type Webhooks = Awaited<ReturnType<typeof buildWebhooks>>;

export async function buildWebhooks({ config, logger, clock, database, notifications, metrics, instanceId }: Ground) {
  const { webhookAllowPrivate: allowPrivate, webhookTimeoutMs: timeoutMs } = config;
  const endpoints = new WebhookEndpointsStore(database);
  const deliveries = new WebhookDeliveriesStore(database);
  const outbox = new WebhookOutboxStore(database, instanceId);
  const secrets = await WebhookSecrets.open(config.signingKeysDir);
  const sender = new WebhookSender({
    store: outbox,
    secrets,
    logger,
    timeoutMs,
    allowPrivate,
    onSent: ({ outcome, attemptMs, sinceEventMs }) => {
      metrics.webhookAttempts.inc({ outcome });
      metrics.webhookAttemptSeconds.observe(attemptMs / 1000);
      if (outcome === "DELIVERED") metrics.webhookDelaySeconds.observe(sinceEventMs / 1000);
    },
  });
  const wake = () => {
    sender.pump().catch((error: unknown) => logger.warn({ err: error }, "webhooks could not be claimed"));
  };
  notifications.subscribe("tollgate_webhooks", wake, wake);
  const service = new WebhookService({ endpoints, deliveries, secrets, clock, allowPrivate });
  return {
    endpoints,
    deliveries,
    outbox,
    sender,
    resolver: new WebhooksResolver({ service, endpoints, deliveries }),
  };
}

export async function buildModels({ config, logger, database, notifications, metrics }: Ground) {
  const bundled = await readBundledModels(config.modelsDir);
  const catalogue = new Catalogue({ store: new ModelsStore(database), logger });
  const refresh = () => {
    catalogue.refresh().catch((error: unknown) => logger.warn({ err: error }, "the models could not be read again"));
  };
  // Before the first reading, so that no change falls between the two.
  notifications.subscribe("tollgate_models", refresh, refresh);
  await catalogue.register(bundled);

  const nameOf = (versionId: string) => {
    const found = catalogue.versionById(versionId);
    return found === undefined ? versionId : `${found.model.name}/${found.version.version}`;
  };
  const engine = await startEngine({
    runners: config.runners,
    spares: 1,
    memoryLimitMb: config.runnerMemoryMb,
    graceMs: 1_000,
    maxQueuedInputs: config.maxQueuedInputs,
    maxQueuedInputsPerTenant: config.maxQueuedInputsPerTenant,
    logger,
    onEvent: (event) => recordEngineEvent(metrics, event, nameOf),
  });
  const files = new Map(bundled.map(({ manifest, model }) => [manifest.sha256, model]));
  await loadVersions({ catalogue, engine, logger, files });
  const platformModelId = (name: string) => (catalogue.has(name) ? catalogue.byName(name).id : undefined);
  return { catalogue, engine, platformModelId, resolver: new ModelsResolver(catalogue) };
}

/** What is offered, and who is on it. */
export function buildPlans({ database }: Ground, modelIdOf: ModelIdOf) {
  const plans = new PlanStore(database);
  const subscriptions = new SubscriptionStore(database);
  return {
    plans,
    resolvers: [
      new PlanResolver(plans, new PlanService(plans, modelIdOf)),
      new SubscriptionResolver({
        service: new SubscriptionService(subscriptions),
        plansByVersion: (ids) => plans.byVersion(ids),
      }),
      new TenantSubscriptionsResolver(subscriptions),
    ],
  };
}

export function buildUsage(
  { logger, database, metrics, instanceId }: Ground,
  { keys, catalogue, modelIdOf }: { keys: Keys; catalogue: Catalogue; modelIdOf: ModelIdOf },
) {
  const ledger = new Ledger({
    store: new ChargeStore(database, instanceId),
    logger,
    onGroup: (size, durationMs) => {
      metrics.commitGroup.observe(size);
      metrics.commitSeconds.observe(durationMs / 1000);
    },
  });
  const reports = new UsageReportStore(database);
  const events = new UsageEventsStore(database);
  const resolver = new UsageResolver({
    reports,
    events,
    catalogue,
    apiKeysById: (tenantId, ids) => keys.store.byId(tenantId, ids),
  });
  const ticksStore = new UsageTicksStore(database);
  const ticks = new UsageTicks({ read: (tenantIds) => ticksStore.recentHours(tenantIds), logger });
  const limits = new LimitsResolver(new LimitsStore(database));
  const tenantLimits = new TenantLimitsService({
    store: new TenantLimitsStore(database),
    modelIdOf,
    hasApiKey: async (tenantId, id) => (await keys.store.find(tenantId, id)) !== undefined,
  });
  const exports = new UsageExports({ reports, events });
  const days = new UsageDaysStore(database);
  const charges = new ChargeStore(database, instanceId);
  return {
    ledger,
    ticks,
    exports,
    days,
    chargeWithin: (sql: Sql, requests: readonly ChargeRequest[]) => charges.chargeWithin(sql, requests),
    quotes: new QuoteStore(database),
    resolvers: [resolver, limits, new TenantLimitsResolver(tenantLimits), new UsageTicksResolver(ticks)],
  };
}

export function buildInference(
  { config, database, metrics, instanceId }: Ground,
  parts: { catalogue: Catalogue; engine: Engine; ledger: Ledger },
) {
  const service = new InferenceService({
    ...parts,
    maxDeadlineMs: config.maxDeadlineMs,
    onShadowRefusals: (refusals) => metrics.shadowRefusals.inc(refusals),
  });
  const idempotency = new IdempotencyStore(database, instanceId);
  const repeats = new Repeats({
    ...parts,
    service,
    store: idempotency,
    instanceId,
    isInstanceAlive: (id) => isInstanceAlive(database, id),
  });
  return { idempotency, resolver: new InferenceResolver({ service, repeats, catalogue: parts.catalogue, metrics }) };
}

export function buildJobsDomain(
  ground: Ground,
  parts: { catalogue: Catalogue; engine: Engine; usage: ReturnType<typeof buildUsage> },
): JobsDomain {
  const { catalogue, engine, usage } = parts;
  return buildJobs({
    ...ground,
    catalogue,
    engine,
    charge: usage.chargeWithin,
    quote: (tenantId, modelId, inputs) => usage.quotes.quoteInputs(tenantId, modelId, inputs),
    isInstanceAlive: (id) => isInstanceAlive(ground.database, id),
  });
}
