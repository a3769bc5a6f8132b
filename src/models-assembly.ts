import type { Ground } from "./assembly.ts";
import { messageOf } from "./core/errors.ts";
import { defaultPreference } from "./domains/inference/cuda-library.ts";
import { startEngine } from "./domains/inference/engine.ts";
import { ownModels, recordEngineEvent } from "./domains/inference/inference-metrics.ts";
import { Hosting } from "./domains/inference/loading.ts";
import { AliasReportResolver } from "./domains/models/alias-report.resolver.ts";
import { AliasWatch } from "./domains/models/alias-watch.ts";
import { AliasesService } from "./domains/models/aliases.service.ts";
import { AliasesStore } from "./domains/models/aliases.store.ts";
import { ArtifactsStore } from "./domains/models/artifacts.store.ts";
import { Artifacts } from "./domains/models/artifacts.ts";
import { readBundledModels } from "./domains/models/bundled-models.ts";
import { Catalogue } from "./domains/models/catalogue.ts";
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
import type { ArtifactStore } from "./platform/artifact-store.ts";
import { bounded } from "./platform/bounded.ts";
import { isInstanceAlive } from "./platform/notifications.ts";
import { openArtifactStore } from "./platform/open-artifact-store.ts";

export type Models = Awaited<ReturnType<typeof buildModels>>;

/** How long a start waits for the versions that aliases point at; those that take longer go on loading behind it. */
const startLoadMs = 30_000;

export async function buildModels(ground: Ground) {
  const { config, logger, database, notifications, metrics } = ground;
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
  let quarantine = (_: { versionId: string; reason: string }) => Promise.resolve();
  const engine = await startEngine({
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
    logger,
    onEvent: (event) => {
      recordEngineEvent(metrics, event, nameOf);
      if (event.kind === "PROVIDER_FELL_BACK") hosting.providerChanged(event.versionId, "CPU", event.reason);
      if (event.kind === "PROVIDER_RECOVERED") hosting.providerChanged(event.versionId, "CUDA", undefined);
      if (event.kind !== "VERSION_QUARANTINED") return;
      quarantine(event).catch((error: unknown) =>
        logger.error({ err: error, versionId: event.versionId }, "a version was not taken out of service"),
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
  quarantine = (event) => registry.aliases.quarantine(event);
  await bounded(hosting.settled([...catalogue.targetIds()]), startLoadMs).catch((error: unknown) =>
    logger.warn({ reason: messageOf(error) }, "starts while versions are still loading"),
  );
  const platformModelId = (name: string) => catalogue.find("OPERATOR", name)?.id;
  const resolvers = [new ModelsResolver(catalogue), ...registry.resolvers];
  return { catalogue, engine, hosting, ...registry, platformModelId, resolvers };
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
