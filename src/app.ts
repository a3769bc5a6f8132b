import "reflect-metadata";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import { type Clock, systemClock } from "./core/clock.ts";
import { newId } from "./core/ids.ts";
import { AuditResolver } from "./domains/audit/audit.resolver.ts";
import { AuditStore } from "./domains/audit/audit.store.ts";
import { type Engine, startEngine } from "./domains/inference/engine.ts";
import { IdempotencyStore } from "./domains/inference/idempotency.store.ts";
import { InferenceResolver } from "./domains/inference/inference.resolver.ts";
import { InferenceService } from "./domains/inference/inference.service.ts";
import { recordEngineEvent } from "./domains/inference/inference-metrics.ts";
import { loadVersions } from "./domains/inference/loading.ts";
import { Repeats } from "./domains/inference/repeats.ts";
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
import { toAliasType, toModelType, toVersionType } from "./domains/models/models.types.ts";
import { PlanResolver } from "./domains/plans/plan.resolver.ts";
import { PlanStore } from "./domains/plans/plan.store.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import { TenantService } from "./domains/tenants/tenant.service.ts";
import { TenantStore } from "./domains/tenants/tenant.store.ts";
import { ChargeStore } from "./domains/usage/charge.store.ts";
import { Ledger } from "./domains/usage/ledger.ts";
import { LimitsStore } from "./domains/usage/limits.store.ts";
import { PartitionsStore } from "./domains/usage/partitions.store.ts";
import { UsageResolver } from "./domains/usage/usage.resolver.ts";
import { UsageReportStore } from "./domains/usage/usage-report.store.ts";
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
import { Authenticator } from "./edge/auth/authenticate.ts";
import { startApollo } from "./edge/graphql/apollo.ts";
import { type NodeLoader, NodeResolver } from "./edge/graphql/node.resolver.ts";
import { schemaOf } from "./edge/graphql/schema.ts";
import { listen, shut } from "./edge/http/listen.ts";
import type { Readiness } from "./edge/http/operations.ts";
import { createServer } from "./edge/http/server.ts";
import type { Config } from "./platform/config.ts";
import { type Database, openDatabase, servingStatementTimeoutMs } from "./platform/database.ts";
import type { Logger } from "./platform/logger.ts";
import { createMetrics, type Metrics } from "./platform/metrics.ts";
import { isInstanceAlive, type Notifications, startNotifications } from "./platform/notifications.ts";
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
  TenantResolver,
  ApiKeyResolver,
  ModelsResolver,
  UsageResolver,
  InferenceResolver,
  NodeResolver,
] as const;

/** What everything is built from. */
interface Ground {
  config: Config;
  logger: Logger;
  clock: Clock;
  database: Database;
  notifications: Notifications;
  metrics: Metrics;
  /** Names this process among the gateways on the database. */
  instanceId: string;
}

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
  const ground: Ground = { config, logger, clock, database, notifications, metrics: createMetrics(), instanceId };
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

type People = Awaited<ReturnType<typeof buildPeople>>;
type Keys = ReturnType<typeof buildKeys>;

async function buildPeople({ config, logger, clock, database, notifications }: Ground) {
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

function buildKeys({ logger, clock, database, notifications }: Ground) {
  const store = new ApiKeyStore(database);
  const credentials = new CredentialStore(database);
  const service = new ApiKeyService({ store, clock });
  const lastUses = new LastUses({ record: (uses) => credentials.recordUses(uses), logger });
  return {
    store,
    service,
    lastUses,
    authenticator: new ApiKeyAuthenticator({ store: credentials, notifications, lastUses, clock }),
    resolver: new ApiKeyResolver({ store, service }),
  };
}

async function buildModels({ config, logger, database, notifications, metrics }: Ground) {
  const bundled = await readBundledModels(config.modelsDir);
  const catalogue = new Catalogue({ store: new ModelsStore(database), logger });
  await catalogue.register(bundled);
  const refresh = () => {
    catalogue.refresh().catch((error: unknown) => logger.warn({ err: error }, "the models could not be read again"));
  };
  notifications.subscribe("tollgate_models", refresh, refresh);

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
  return { catalogue, engine, resolver: new ModelsResolver(catalogue) };
}

function buildUsage({ logger, database, metrics, instanceId }: Ground, keys: Keys, catalogue: Catalogue) {
  const ledger = new Ledger({
    store: new ChargeStore(database, instanceId),
    logger,
    outcomeSettlesMs: 2 * servingStatementTimeoutMs,
    onGroup: (size, durationMs) => {
      metrics.commitGroup.observe(size);
      metrics.commitSeconds.observe(durationMs / 1000);
    },
  });
  const resolver = new UsageResolver({
    reports: new UsageReportStore(database),
    limits: new LimitsStore(database),
    catalogue,
    apiKeysById: (tenantId, ids) => keys.store.byId(tenantId, ids),
  });
  return { ledger, resolver };
}

function buildInference(
  { config, logger, database, metrics, instanceId }: Ground,
  parts: { catalogue: Catalogue; engine: Engine; ledger: Ledger },
) {
  const service = new InferenceService({ ...parts, maxDeadlineMs: config.maxDeadlineMs });
  const idempotency = new IdempotencyStore(database, instanceId);
  const repeats = new Repeats({
    ...parts,
    service,
    store: idempotency,
    logger,
    instanceId,
    isInstanceAlive: (id) => isInstanceAlive(database, id),
  });
  return { idempotency, resolver: new InferenceResolver({ service, repeats, catalogue: parts.catalogue, metrics }) };
}

function nodeLoaders(parts: {
  people: People;
  keys: Keys;
  audit: AuditStore;
  plans: PlanStore;
  catalogue: Catalogue;
}): Map<string, NodeLoader> {
  const { people, keys, audit, plans, catalogue } = parts;
  const own = <T>(find: (tenantId: string, id: string) => Promise<T | undefined>): NodeLoader["find"] => {
    return async (id, principal) =>
      principal.kind === "OPERATOR" ? undefined : ((await find(principal.tenantId, id)) ?? undefined);
  };
  return new Map<string, NodeLoader>([
    [
      "ten",
      {
        permission: "tenant:read",
        find: own(async (tenantId, id) => (id === tenantId ? await people.tenants.find(id) : undefined)),
      },
    ],
    ["key", { permission: "keys:read", find: own((tenantId, id) => keys.store.find(tenantId, id)) }],
    ["aud", { permission: "audit:read", find: own((tenantId, id) => audit.findOfTenant(tenantId, id)) }],
    ["pln", { permission: "plans:read", find: (id) => plans.find(id) }],
    [
      "mod",
      { permission: "models:read", find: (id) => maybe(catalogue.byId(id), (model) => toModelType(catalogue, model)) },
    ],
    [
      "mdv",
      {
        permission: "models:read",
        find: (id) => maybe(catalogue.versionById(id), ({ version }) => toVersionType(catalogue, version)),
      },
    ],
    [
      "als",
      {
        permission: "models:read",
        find: (id) => maybe(catalogue.aliasById(id), ({ model, alias }) => toAliasType(catalogue, model, alias)),
      },
    ],
  ]);
}

function maybe<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
}

async function buildServer(
  { config, logger, database, metrics }: Ground,
  parts: { schema: GraphQLSchema; people: People; keys: Keys; engine: Engine },
): Promise<FastifyInstance> {
  const apollo = await startApollo({
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
  return createServer({ config, logger, metrics, apollo, authenticator, readiness });
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
    repeatedly({ everyMs: 5_000, name: "gauging", logger }, async () => {
      metrics.owedReversals.set(parts.ledger.owed);
      const queued = parts.engine.state().lanes.map((lane) => lane.queuedInputs);
      metrics.queuedInputs.set(queued.reduce((sum, inputs) => sum + inputs, 0));
    }),
  ];
}
