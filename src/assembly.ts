import type { Clock } from "./core/clock.ts";
import type { AuditStore } from "./domains/audit/audit.store.ts";
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
import type { PlanStore } from "./domains/plans/plan.store.ts";
import { InvitationStore } from "./domains/tenants/invitation.store.ts";
import { MemberResolver } from "./domains/tenants/member.resolver.ts";
import { MemberService } from "./domains/tenants/member.service.ts";
import { MemberStore } from "./domains/tenants/member.store.ts";
import { MembershipResolver } from "./domains/tenants/membership.resolver.ts";
import { TenantResolver } from "./domains/tenants/tenant.resolver.ts";
import { TenantService } from "./domains/tenants/tenant.service.ts";
import { TenantStore } from "./domains/tenants/tenant.store.ts";
import { ChargeStore } from "./domains/usage/charge.store.ts";
import { Ledger } from "./domains/usage/ledger.ts";
import { LimitsStore } from "./domains/usage/limits.store.ts";
import { UsageResolver } from "./domains/usage/usage.resolver.ts";
import { UsageReportStore } from "./domains/usage/usage-report.store.ts";
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
import type { NodeLoader } from "./edge/graphql/node.resolver.ts";
import type { Config } from "./platform/config.ts";
import type { Database } from "./platform/database.ts";
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

export function buildKeys({ logger, clock, database, notifications }: Ground) {
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
  return { catalogue, engine, resolver: new ModelsResolver(catalogue) };
}

export function buildUsage({ logger, database, metrics, instanceId }: Ground, keys: Keys, catalogue: Catalogue) {
  const ledger = new Ledger({
    store: new ChargeStore(database, instanceId),
    logger,
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

export function buildInference(
  { config, database, metrics, instanceId }: Ground,
  parts: { catalogue: Catalogue; engine: Engine; ledger: Ledger },
) {
  const service = new InferenceService({ ...parts, maxDeadlineMs: config.maxDeadlineMs });
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

export function nodeLoaders(parts: {
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
    [
      "ivt",
      { permission: "members:write", find: own((tenantId, id) => people.invitations.findOfTenant(tenantId, id)) },
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
