import { Authorized, Query, Resolver } from "type-graphql";
import type { Clock } from "../../core/clock.ts";
import type { Catalogue } from "../models/catalogue.ts";
import {
  type FindTenants,
  type HostedVersionType,
  type TenantsById,
  toHostedVersionType,
} from "../models/hosted.types.ts";
import type { Engine } from "./engine.ts";
import { EngineType, type LaneType, type RunnerType } from "./engine.types.ts";
import type { EngineState, TenantQueue } from "./engine-state.ts";
import type { VersionMeasurements } from "./version-measurements.ts";

interface EngineResolverOptions {
  engine: Pick<Engine, "state" | "queuesOf" | "strikesOf">;
  catalogue: Catalogue;
  measurements: VersionMeasurements;
  findTenants: FindTenants;
  clock: Clock;
}

const mostTenants = 20;
const megabyte = 1024 * 1024;

@Resolver(() => EngineType)
export class EngineResolver {
  readonly #options: EngineResolverOptions;

  constructor(options: EngineResolverOptions) {
    this.#options = options;
  }

  @Authorized("engine:read")
  @Query(() => EngineType, { description: "What runs models on the gateway that is asked; for operators." })
  async engine(): Promise<EngineType> {
    const { engine, findTenants } = this.#options;
    const { isReady, restarts, bytesInFlight, runners, lanes } = engine.state();
    const queues = new Map(lanes.map(({ versionId }) => [versionId, engine.queuesOf(versionId).slice(0, mostTenants)]));
    const named = await findTenants(this.#tenantIds(runners, queues));
    return {
      isReady,
      restarts,
      inFlightMb: bytesInFlight / megabyte,
      runners: runners.map((runner) => this.#toRunner(runner, named)),
      lanes: lanes.flatMap((lane) => this.#toLanes(lane, { queues: queues.get(lane.versionId) ?? [], named })),
    };
  }

  #tenantIds(runners: EngineState["runners"], queues: ReadonlyMap<string, TenantQueue[]>): string[] {
    const owners = [...queues.keys()].flatMap((id) => {
      const owner = this.#options.catalogue.registeredById(id)?.model.ownerTenantId;
      return owner === undefined ? [] : [owner];
    });
    const waiting = [...queues.values()].flat().map(({ tenantId }) => tenantId);
    return [...new Set([...runners.flatMap(({ ownerTenantId = [] }) => ownerTenantId), ...owners, ...waiting])];
  }

  #toRunner(runner: EngineState["runners"][number], tenants: TenantsById): RunnerType {
    return {
      state: runner.mode,
      isSpare: runner.isSpare,
      provider: runner.provider,
      tenant: tenants.get(runner.ownerTenantId ?? "") ?? null,
      versions: runner.versionIds.flatMap((id) => this.#versions(id, tenants)),
      sessionMb: runner.sessionMb,
      residentMb: runner.residentMb ?? null,
    };
  }

  #toLanes(
    { versionId, queuedInputs, msPerInput }: EngineState["lanes"][number],
    { queues, named }: { queues: readonly TenantQueue[]; named: TenantsById },
  ): LaneType[] {
    const { engine, measurements, clock } = this.#options;
    return this.#versions(versionId, named).map((version) => ({
      version,
      queuedInputs,
      msPerInput,
      inputsPerSecond: measurements.inputsPerSecond(versionId, clock.now()),
      strikes: engine.strikesOf(versionId),
      tenants: queues.map(({ tenantId, ...queue }) => ({ ...queue, tenant: named.get(tenantId) ?? null })),
    }));
  }

  /** None where the catalogue has let go of it meanwhile. */
  #versions(versionId: string, tenants: TenantsById): HostedVersionType[] {
    const { catalogue } = this.#options;
    const found = catalogue.registeredById(versionId);
    return found === undefined ? [] : [toHostedVersionType(found, { catalogue, tenants })];
  }
}
