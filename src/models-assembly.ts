import type { Ground } from "./assembly.ts";
import { defaultPreference } from "./domains/inference/cuda-library.ts";
import { type EngineEvent, startEngine } from "./domains/inference/engine.ts";
import { FirstLoads } from "./domains/inference/first-loads.ts";
import { ownModels, recordEngineEvent } from "./domains/inference/inference-metrics.ts";
import { Hosting } from "./domains/inference/loading.ts";
import { VersionMeasurements } from "./domains/inference/version-measurements.ts";
import { AliasReportResolver } from "./domains/models/alias-report.resolver.ts";
import { AliasTalliesStore } from "./domains/models/alias-tallies.store.ts";
import { AliasWatch } from "./domains/models/alias-watch.ts";
import { AliasesService } from "./domains/models/aliases.service.ts";
import { AliasesStore } from "./domains/models/aliases.store.ts";
import { ArtifactsStore } from "./domains/models/artifacts.store.ts";
import { Artifacts } from "./domains/models/artifacts.ts";
import { readBundledModels } from "./domains/models/bundled-models.ts";
import { Catalogue } from "./domains/models/catalogue.ts";
import { HostedModelsResolver } from "./domains/models/hosted.resolver.ts";
import { ModelFiles } from "./domains/models/model-files.ts";
import { PlanLimitModelResolver, PriceModelResolver } from "./domains/models/model-names.resolver.ts";
import { ModelsResolver } from "./domains/models/models.resolver.ts";
import { ModelsStore } from "./domains/models/models.store.ts";
import { OffersService } from "./domains/models/offers.service.ts";
import { OffersStore } from "./domains/models/offers.store.ts";
import { RegistrationService } from "./domains/models/registration.service.ts";
import { RegistrationsStore } from "./domains/models/registrations.store.ts";
import { RegistryResolver } from "./domains/models/registry.resolver.ts";
import { scanApart } from "./domains/models/scanner.ts";
import { WithheldVersionsStore } from "./domains/models/withheld-versions.store.ts";
import type { ModelIdForTenant } from "./domains/plans/limit-terms.ts";
import type { TenantStore } from "./domains/tenants/tenant.store.ts";
import type { ArtifactStore } from "./platform/artifact-store.ts";
import type { Config } from "./platform/config.ts";
import { isInstanceAlive } from "./platform/notifications.ts";
import { openArtifactStore } from "./platform/open-artifact-store.ts";

export type Models = Awaited<ReturnType<typeof buildModels>>;

/** How long a gateway that starts calls itself not ready because of versions that load. */
const startLoadMs = 30_000;

export async function buildModels(ground: Ground, tenants: TenantStore) {
  const { config, logger, clock, database, notifications, metrics } = ground;
  const bundled = await readBundledModels(config.modelsDir);
  const artifactStore = await openArtifactStore({
    address: config.artifactStore,
    dataDir: config.dataDir,
    purpose: "models",
  });
  const files = new ModelFiles(bundled, artifactStore);
  const catalogue = new Catalogue({ store: new ModelsStore(database), logger });
  const nameOf = (versionId: string) => {
    const found = catalogue.registeredById(versionId);
    if (found === undefined) return versionId;
    // Tenants name their models as they like, and make any number of them.
    return found.model.ownerTenantId === undefined ? `${found.model.name}/${found.version.version}` : ownModels;
  };
  const reactions: Reactions = {
    quarantine: (event) => registry.aliases.quarantine(event),
    withhold: (event) => new WithheldVersionsStore(database).record(event),
    providerChanged: (event, provider) => hosting.providerChanged(event.versionId, provider, event.reason),
  };
  const measurements = new VersionMeasurements();
  const engine = await startEngine({
    ...engineSettings(config),
    logger,
    onEvent: (event) => {
      recordEngineEvent(metrics, event, nameOf);
      if (event.kind === "BATCH_ANSWERED") measurements.record(event, clock.now());
      reactTo(event, reactions).catch((error: unknown) =>
        logger.error({ err: error, event }, "what happened in the engine was not followed up"),
      );
    },
  });
  const hosting = new Hosting({ catalogue, engine, logger, readModel: (digest) => files.read(digest) });
  const refresh = () => {
    catalogue
      .refresh()
      .then(() => hosting.follow())
      .catch((error: unknown) => logger.warn({ err: error }, "the models could not be read again"));
  };
  // Before the first reading, so that no change falls between the two.
  notifications.subscribe("tollgate_models", refresh, refresh);
  await catalogue.register(bundled);
  const registry = buildRegistry(ground, { catalogue, hosting, files, artifactStore });
  const firstLoads = new FirstLoads({ catalogue, host: hosting, withinMs: startLoadMs, logger });
  const platformModelId = (name: string) => catalogue.find("OPERATOR", name)?.id;
  const modelIdFor: ModelIdForTenant = (name, { tenantId, isOperator }) =>
    (isOperator ? platformModelId(name) : undefined) ?? catalogue.find({ tenantId }, name)?.id;
  const resolvers = [
    new ModelsResolver(catalogue),
    new HostedModelsResolver(catalogue, (ids) => tenants.byIds(ids)),
    ...registry.resolvers,
  ];
  return { catalogue, engine, measurements, hosting, firstLoads, ...registry, platformModelId, modelIdFor, resolvers };
}

interface Reactions {
  quarantine: (event: { versionId: string; reason: string }) => Promise<void>;
  withhold: (event: Extract<EngineEvent, { kind: "VERSION_WITHHELD" }>) => Promise<void>;
  providerChanged: (event: { versionId: string; reason?: string }, provider: "CPU" | "CUDA") => void;
}

/** What the registry does about what happens in the engine. */
async function reactTo(event: EngineEvent, { quarantine, withhold, providerChanged }: Reactions): Promise<void> {
  if (event.kind === "VERSION_QUARANTINED") await quarantine(event);
  if (event.kind === "VERSION_WITHHELD") await withhold(event);
  if (event.kind === "PROVIDER_FELL_BACK") providerChanged(event, "CPU");
  if (event.kind === "PROVIDER_RECOVERED") providerChanged(event, "CUDA");
}

function engineSettings(config: Config) {
  return {
    runners: config.runners,
    spares: 1,
    memoryLimitMb: config.runnerMemoryMb,
    graceMs: 1_000,
    maxQueuedInputs: config.maxQueuedInputs,
    maxQueuedInputsPerVersion: config.maxQueuedInputsPerVersion,
    maxQueuedInputsPerTenant: config.maxQueuedInputsPerTenant,
    maxBytesInFlight: config.maxInFlightBytes,
    maxGuestRunners: config.guestRunners,
    provider: config.executionProvider ?? defaultPreference(),
  };
}

function buildRegistry(
  { config, logger, database, instanceId }: Ground,
  parts: { catalogue: Catalogue; hosting: Hosting; files: ModelFiles; artifactStore: ArtifactStore },
) {
  const { catalogue, hosting, files, artifactStore } = parts;
  const registrations = new RegistrationService({
    store: new RegistrationsStore(database),
    catalogue,
    host: hosting,
    readArtifact: (digest) => files.read(digest),
    scan: scanApart,
    instanceId,
    isInstanceAlive: (id) => isInstanceAlive(database, id),
    maxLiveVersions: config.maxLiveVersionsPerTenant,
    logger,
  });
  const moves = new AliasesStore(database);
  const resume = () => registrations.resume();
  const aliases = new AliasesService({ store: moves, catalogue, host: hosting, instanceId, resume });
  const watch = new AliasWatch({
    catalogue,
    store: new AliasTalliesStore(database),
    rollBack: (alias, reason) => aliases.rollBackByGuard(alias, reason),
    logger,
  });
  const offers = new OffersService(new OffersStore(database), catalogue);
  const artifacts = new Artifacts({
    store: artifactStore,
    book: new ArtifactsStore(database),
    maxBytes: config.maxArtifactBytes,
    maxBytesPerTenant: config.maxArtifactsBytesPerTenant,
  });
  return {
    registrations,
    aliases,
    artifacts,
    artifactStore,
    watch,
    resolvers: [
      new AliasReportResolver(catalogue, watch),
      new PriceModelResolver(catalogue),
      new PlanLimitModelResolver(catalogue),
      new RegistryResolver({ catalogue, registrations, aliases, moves, offers }),
    ],
  };
}
