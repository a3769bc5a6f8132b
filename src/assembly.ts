import type { Clock } from "./core/clock.ts";
import { EngineResolver } from "./domains/inference/engine.resolver.ts";
import type { Engine } from "./domains/inference/engine.ts";
import { IdempotencyStore } from "./domains/inference/idempotency.store.ts";
import { InferenceResolver } from "./domains/inference/inference.resolver.ts";
import { InferenceService } from "./domains/inference/inference.service.ts";
import { MeasurementsResolver } from "./domains/inference/measurements.resolver.ts";
import { Repeats } from "./domains/inference/repeats.ts";
import { Shadows } from "./domains/inference/shadows.ts";
import type { VersionMeasurements } from "./domains/inference/version-measurements.ts";
import { watchedEngine } from "./domains/inference/watched-engine.ts";
import { buildJobs, type JobsDomain } from "./domains/jobs/jobs-domain.ts";
import { ApiKeyAuthenticator } from "./domains/keys/api-key-authentication.ts";
import { CredentialStore } from "./domains/keys/credential.store.ts";
import { ApiKeyResolver } from "./domains/keys/keys.resolver.ts";
import { ApiKeyService } from "./domains/keys/keys.service.ts";
import { ApiKeyStore } from "./domains/keys/keys.store.ts";
import { LastUses } from "./domains/keys/last-uses.ts";
import type { AliasWatch } from "./domains/models/alias-watch.ts";
import type { Catalogue } from "./domains/models/catalogue.ts";
import type { ModelIdForTenant, ModelIdOf } from "./domains/plans/limit-terms.ts";
import { PlanResolver } from "./domains/plans/plan.resolver.ts";
import { PlanService } from "./domains/plans/plan.service.ts";
import { PlanStore } from "./domains/plans/plan.store.ts";
import { InvitationStore } from "./domains/tenants/invitation.store.ts";
import { MemberResolver } from "./domains/tenants/member.resolver.ts";
import { MemberService } from "./domains/tenants/member.service.ts";
import { MemberStore } from "./domains/tenants/member.store.ts";
import { MembershipResolver } from "./domains/tenants/membership.resolver.ts";
import { SubscriptionResolver, TenantSubscriptionsResolver } from "./domains/tenants/subscription.resolver.ts";
import { SubscriptionService } from "./domains/tenants/subscription.service.ts";
import { SubscriptionStore } from "./domains/tenants/subscription.store.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import { TenantService } from "./domains/tenants/tenant.service.ts";
import { TenantStore } from "./domains/tenants/tenant.store.ts";
import { ChargeStore } from "./domains/usage/charge.store.ts";
import type { ChargeRequest } from "./domains/usage/charge.ts";
import { DriftResolver } from "./domains/usage/drift.resolver.ts";
import { DriftStore } from "./domains/usage/drift.store.ts";
import { DriftWatch } from "./domains/usage/drift-watch.ts";
import { ErrorCountsResolver } from "./domains/usage/error-counts.resolver.ts";
import { ErrorCountsStore } from "./domains/usage/error-counts.store.ts";
import { ErrorTally } from "./domains/usage/error-tally.ts";
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
import { AccountResolver } from "./domains/users/account.resolver.ts";
import { AccountService } from "./domains/users/account.service.ts";
import { OperatorsService } from "./domains/users/operators.service.ts";
import { Passwords } from "./domains/users/passwords.ts";
import { PrincipalResolver } from "./domains/users/principal.resolver.ts";
import { SignInResolver } from "./domains/users/sign-in.resolver.ts";
import { SignInService } from "./domains/users/sign-in.service.ts";
import { SignInStore } from "./domains/users/sign-in.store.ts";
import { SignInAttemptsStore } from "./domains/users/sign-in-attempts.store.ts";
import { SigningKeys } from "./domains/users/signing-keys.ts";
import { UserStore } from "./domains/users/user.store.ts";
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
  const account = new AccountService({ users, signIns, signIn, passwords, clock });
  const tenantService = new TenantService(tenants, passwords, clock);
  const invitations = new InvitationStore(database);
  const members = new MemberService({
    members: new MemberStore(database),
    invitations,
    passwords,
    isUser: async (email) => (await users.findByEmail(email)) !== undefined,
    prove: (credentials) => signIn.prove(credentials),
    clock,
  });
  return {
    users,
    tenants,
    tenantService,
    signIn,
    operators: new OperatorsService(users, passwords),
    authentication: new AccessTokenAuthentication({
      accessTokens,
      signIns,
      users,
      membershipsOf,
      notifications,
      clock,
    }),
    invitations,
    resolvers: [
      new PrincipalResolver(users),
      new SignInResolver(signIn),
      new AccountResolver(account, signIn),
      new TenantResolver(tenantService, tenants),
      new MemberResolver({ service: members, invitations, now: () => clock.now() }),
      new MembershipResolver(tenants),
    ],
  };
}

export function buildKeys({ logger, clock, database, notifications }: Ground, modelIdFor: ModelIdForTenant) {
  const store = new ApiKeyStore(database);
  const credentials = new CredentialStore(database);
  const service = new ApiKeyService({ store, clock, modelIdFor });
  const lastUses = new LastUses({ record: (uses) => credentials.recordUses(uses), logger });
  return {
    store,
    service,
    lastUses,
    authenticator: new ApiKeyAuthenticator({ store: credentials, notifications, lastUses, clock }),
    resolver: new ApiKeyResolver({ store, service }),
  };
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
  { logger, clock, database, metrics, instanceId }: Ground,
  { keys, catalogue, modelIdFor }: { keys: Keys; catalogue: Catalogue; modelIdFor: ModelIdForTenant },
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
  const tenantLimits = new TenantLimitsService({
    store: new TenantLimitsStore(database),
    modelIdFor,
    hasApiKey: async (tenantId, id) => (await keys.store.find(tenantId, id)) !== undefined,
  });
  const ticksStore = new UsageTicksStore(database);
  const ticks = new UsageTicks({ read: (tenantIds) => ticksStore.recentHours(tenantIds), logger });
  const limits = new LimitsResolver(new LimitsStore(database));
  const exports = new UsageExports({ reports, events });
  const days = new UsageDaysStore(database);
  const drift = new DriftWatch({
    store: new DriftStore(database),
    logger,
    onDrift: (numbers) => metrics.ledgerDrift.set(numbers),
  });
  const errorCounts = new ErrorCountsStore(database);
  const errorTally = new ErrorTally({ add: (errors) => errorCounts.add(errors), logger });
  const resolvers = [
    resolver,
    limits,
    new ErrorCountsResolver(errorCounts),
    new TenantLimitsResolver(tenantLimits, (id) => catalogue.byId(id)?.name),
    new UsageTicksResolver(ticks),
    new DriftResolver(drift, clock),
  ];
  const charges = new ChargeStore(database, instanceId);
  return {
    ledger,
    ticks,
    errorCounts,
    errorTally,
    exports,
    days,
    drift,
    chargeWithin: (sql: Sql, requests: readonly ChargeRequest[]) => charges.chargeWithin(sql, requests),
    quotes: new QuoteStore(database),
    resolvers,
  };
}

export function buildInference(
  { config, logger, clock, database, metrics, instanceId }: Ground,
  parts: {
    catalogue: Catalogue;
    engine: Engine;
    measurements: VersionMeasurements;
    watch: AliasWatch;
    ledger: Ledger;
    quotes: QuoteStore;
    tenants: TenantStore;
  },
) {
  const { catalogue, engine, measurements, watch, ledger, quotes, tenants } = parts;
  const shadows = new Shadows({ catalogue, engine, watch, logger });
  const service = new InferenceService({
    catalogue,
    ledger,
    engine: watchedEngine(engine, watch),
    maxDeadlineMs: config.maxDeadlineMs,
    quote: (tenantId, modelId, usage) => quotes.quote(tenantId, modelId, usage),
    onAnswered: (admissible, result) => shadows.answered(admissible, result),
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
  return {
    idempotency,
    resolvers: [
      new InferenceResolver({ service, repeats, catalogue, metrics }),
      new MeasurementsResolver({ catalogue, measurements, clock }),
      new EngineResolver({ engine, catalogue, measurements, findTenants: (ids) => tenants.byIds(ids), clock }),
    ],
  };
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
    quote: (tenantId, modelId, quantities) => usage.quotes.quote(tenantId, modelId, quantities),
    isInstanceAlive: (id) => isInstanceAlive(ground.database, id),
  });
}
