import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { HostedVersionType } from "../models/hosted.types.ts";
import { ExecutionProvider } from "../models/models.types.ts";
import { TenantType } from "../tenants/tenant.types.ts";

export const RunnerState = { STARTING: "STARTING", READY: "READY", ENDING: "ENDING", GONE: "GONE" } as const;
registerEnumType(RunnerState, {
  name: "RunnerState",
  description: "Where a runner stands.",
  valuesConfig: {
    STARTING: { description: "It is coming up, and loads what was used last." },
    READY: { description: "It takes batches." },
    ENDING: { description: "It finishes what it was given." },
    GONE: { description: "It has ended." },
  },
});

@ObjectType("Runner", { description: "A child process that holds ONNX sessions.", simpleResolvers: true })
export class RunnerType {
  @Field(() => RunnerState, { description: "Where it stands." })
  state: keyof typeof RunnerState;

  @Field(() => Boolean, { description: "Whether it stands by, for when another one ends." })
  isSpare: boolean;

  @Field(() => ExecutionProvider, { description: "What it runs on." })
  provider: string;

  @Field(() => TenantType, { nullable: true, description: "Whose models alone it runs; none for the platform's." })
  tenant: TenantType | null;

  @Field(() => [HostedVersionType], { description: "The versions that are loaded in it." })
  versions: HostedVersionType[];

  @Field(() => Float, { description: "What these take of its memory, in MB." })
  sessionMb: number;

  @Field(() => Float, { nullable: true, description: "What the process takes of memory in all, in MB." })
  residentMb: number | null;
}

@ObjectType("TenantQueue", { description: "What one tenant has waiting in a lane.", simpleResolvers: true })
export class TenantQueueType {
  @Field(() => TenantType, { nullable: true, description: "The tenant." })
  tenant: TenantType | null;

  @Field(() => Int, { description: "Its inputs that wait." })
  queuedInputs: number;

  @Field(() => Float, { description: "The part of the lane that is due to it while all of them wait, 0 to 1." })
  share: number;
}

@ObjectType("Lane", { description: "The queue in front of one version.", simpleResolvers: true })
export class LaneType {
  @Field(() => HostedVersionType, { description: "The version." })
  version: HostedVersionType;

  @Field(() => Int, { description: "Inputs that wait for a batch." })
  queuedInputs: number;

  @Field(() => Float, { description: "How long an input takes of late, as its part of a batch, in milliseconds." })
  msPerInput: number;

  @Field(() => Float, { description: "Inputs that were answered each second, of late." })
  inputsPerSecond: number;

  @Field(() => Int, {
    description:
      "How often it broke its runner in ten minutes, by inputs of one tenant or by itself; who does so three times is kept from it.",
  })
  strikes: number;

  @Field(() => [TenantQueueType], { description: "Who waits, the longest queue first, at most 20." })
  tenants: TenantQueueType[];
}

@ObjectType("Engine", {
  description: "What runs models on the gateway that was asked; every gateway has its own.",
  simpleResolvers: true,
})
export class EngineType {
  @Field(() => Boolean, { description: "Whether it takes requests." })
  isReady: boolean;

  @Field(() => Int, { description: "Runners that ended by themselves and were replaced, since the gateway started." })
  restarts: number;

  @Field(() => Float, { description: "Memory that requests hold which are not answered yet, in MB." })
  inFlightMb: number;

  @Field(() => [RunnerType], { description: "The processes, spares and those that are starting included." })
  runners: RunnerType[];

  @Field(() => [LaneType], { description: "The queues, of versions that are loaded." })
  lanes: LaneType[];
}
