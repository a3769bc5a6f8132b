import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Alias, AliasTarget, Model, RegisteredVersion } from "./model.ts";

export const ModelTask = {
  IMAGE_CLASSIFICATION: "IMAGE_CLASSIFICATION",
  TEXT_CLASSIFICATION: "TEXT_CLASSIFICATION",
  TOKEN_CLASSIFICATION: "TOKEN_CLASSIFICATION",
  TENSOR: "TENSOR",
} as const;
registerEnumType(ModelTask, {
  name: "ModelTask",
  description: "What a model does.",
  valuesConfig: {
    IMAGE_CLASSIFICATION: { description: "One label for a picture." },
    TEXT_CLASSIFICATION: { description: "One label for a text." },
    TOKEN_CLASSIFICATION: { description: "One label for each token of a text." },
    TENSOR: { description: "Numbers in, numbers out." },
  },
});

export const ModelVersionState = {
  SCANNING: "SCANNING",
  VALIDATING: "VALIDATING",
  WARMING: "WARMING",
  READY: "READY",
  DRAINING: "DRAINING",
  RETIRED: "RETIRED",
  REJECTED: "REJECTED",
  QUARANTINED: "QUARANTINED",
} as const;
registerEnumType(ModelVersionState, {
  name: "ModelVersionState",
  description: "Where a version stands between its registration and its end.",
  valuesConfig: {
    SCANNING: { description: "Its file is being read for anything that it must not hold." },
    VALIDATING: { description: "Its signature is being compared with its manifest." },
    WARMING: { description: "It is being loaded and its golden samples are being run." },
    READY: { description: "It answers." },
    DRAINING: { description: "It finishes what it was given and takes nothing new." },
    RETIRED: { description: "It was taken out of service." },
    REJECTED: { description: "It was not accepted; stateReason says why." },
    QUARANTINED: { description: "It broke too often; stateReason says how." },
  },
});

export const ModelOwner = { PLATFORM: "PLATFORM", TENANT: "TENANT" } as const;
registerEnumType(ModelOwner, {
  name: "ModelOwner",
  description: "Whose a model is.",
  valuesConfig: {
    PLATFORM: { description: "The platform's, offered to all tenants or to chosen ones." },
    TENANT: { description: "The tenant's own, which nobody else sees." },
  },
});

export const ExecutionProvider = { CPU: "CPU", CUDA: "CUDA" } as const;
registerEnumType(ExecutionProvider, {
  name: "ExecutionProvider",
  description: "What a version really runs on.",
  valuesConfig: { CPU: { description: "The processor." }, CUDA: { description: "An NVIDIA graphics card." } },
});

@ObjectType("TensorSpec", {
  description: "The name, type and shape of a tensor that goes in or comes out.",
  simpleResolvers: true,
})
export class TensorSpecType {
  @Field(() => String, { description: "Its name in the graph." })
  name: string;

  @Field(() => String, { description: "The type of its numbers, such as `float32`." })
  dtype: string;

  @Field(() => [String], { description: "Its dimensions: sizes, or names of those that vary; the first is the batch." })
  shape: string[];
}

@ObjectType("ModelVersion", {
  implements: NodeType,
  description: "One immutable ONNX file with its manifest.",
  simpleResolvers: true,
})
export class ModelVersionType extends NodeType {
  @Field(() => Int, { description: "Its number within the model." })
  version: number;

  @Field(() => String, { description: "SHA-256 of the ONNX file, in hex." })
  digest: string;

  @Field(() => ModelTask, { description: "What it does." })
  task: string;

  @Field(() => ModelVersionState, { description: "Where it stands." })
  state: string;

  @Field(() => String, { nullable: true, description: "Why it stands there, where that needs saying." })
  stateReason: string | null;

  @Field(() => ExecutionProvider, { description: "What it really runs on." })
  provider: string;

  @Field(() => String, { nullable: true, description: "Why not on CUDA, where that was preferred." })
  providerReason: string | null;

  @Field(() => [String], { description: "What it can answer, in the order of its scores." })
  labels: string[];

  @Field(() => [TensorSpecType], { description: "What the graph takes; none until its file was read." })
  inputs: TensorSpecType[];

  @Field(() => [TensorSpecType], { description: "What the graph returns; none until its file was read." })
  outputs: TensorSpecType[];

  @Field(() => GraphQLDateTime, { description: "When it was registered." })
  registeredAt: Date;
}

@ObjectType("AliasTarget", {
  description: "A version behind an alias, and its share of the requests.",
  simpleResolvers: true,
})
export class AliasTargetType {
  @Field(() => ModelVersionType, { description: "The version." })
  version: ModelVersionType;

  @Field(() => Int, { description: "Its share, in relation to the other targets' weights." })
  weight: number;

  @Field(() => Float, {
    nullable: true,
    description: "Of a shadow: the share of the requests that it is asked too.",
  })
  sampleRate: number | null;
}

@ObjectType("AliasGuard", {
  description: "Bounds on what an alias's newest target may do worse than the others; beyond one, it rolls back.",
  simpleResolvers: true,
})
export class AliasGuardType {
  @Field(() => Int, { description: "Requests of the newest target that must be seen first." })
  minRequests: number;

  @Field(() => Int, { description: "Over how many seconds is judged." })
  windowSeconds: number;

  @Field(() => Float, { nullable: true, description: "The share of its requests that may fail on our side, 0 to 1." })
  maxErrorRate?: number | undefined;

  @Field(() => Float, { nullable: true, description: "How many times the others' p99 its own may be." })
  maxP99Ratio?: number | undefined;

  @Field(() => Float, {
    nullable: true,
    description: "The share of shadowed requests that the shadow may answer with another label, 0 to 1.",
  })
  maxDisagreement?: number | undefined;
}

@ObjectType("Alias", {
  implements: NodeType,
  description: "A name that points at versions of a model by weight.",
  simpleResolvers: true,
})
export class AliasType extends NodeType {
  @Field(() => String, { description: "The name, such as `stable`." })
  name: string;

  @Field(() => [AliasTargetType], { description: "The versions it points at." })
  targets: AliasTargetType[];

  @Field(() => Int, {
    description: "Counts its moves; `pointAlias` takes it, so that nobody moves what another just moved.",
  })
  revision: number;
}

@ObjectType("Model", {
  implements: NodeType,
  description: "A named thing that a tenant may call.",
  simpleResolvers: true,
})
export class ModelType extends NodeType {
  @Field(() => String, { description: "The name that `infer` takes." })
  name: string;

  @Field(() => String, { description: "What it is for." })
  description: string;

  @Field(() => ModelTask, { description: "What it does." })
  task: string;

  @Field(() => ModelOwner, { description: "Whose it is." })
  owner: string;

  @Field(() => GraphQLDateTime, { description: "When its first version was registered." })
  createdAt: Date;

  @Field(() => [ModelVersionType], { description: "Its versions, oldest first." })
  versions: ModelVersionType[];

  @Field(() => [AliasType], { description: "Its aliases, by name." })
  aliases: AliasType[];
}

export const ModelConnectionType = connectionType("Model", () => ModelType);

export function toModelType(catalogue: Catalogue, model: Model): ModelType {
  return {
    id: model.id,
    name: model.name,
    description: model.description,
    task: model.task,
    owner: model.ownerTenantId === undefined ? ModelOwner.PLATFORM : ModelOwner.TENANT,
    createdAt: model.createdAt,
    versions: model.versions.map((version) => toVersionType(catalogue, version)),
    aliases: model.aliases.map((alias) => toAliasType(catalogue, model, alias)),
  };
}

export function toVersionType(catalogue: Catalogue, version: RegisteredVersion): ModelVersionType {
  const condition = catalogue.conditionOf(version);
  const { manifest } = version;
  const toSpec = (spec: { name: string; dtype: string; shape: (string | number)[] }) => ({
    ...spec,
    shape: spec.shape.map(String),
  });
  return {
    id: version.id,
    version: version.version,
    digest: version.digest,
    task: manifest?.task ?? version.task,
    state: condition.state,
    stateReason: condition.state === "READY" ? null : (condition.reason ?? null),
    provider: condition.state === "READY" ? condition.provider : "CPU",
    providerReason: condition.state === "READY" ? (condition.providerReason ?? null) : null,
    labels: manifest?.labels ?? [],
    inputs: manifest?.signature.inputs.map(toSpec) ?? [],
    outputs: manifest?.signature.outputs.map(toSpec) ?? [],
    registeredAt: version.registeredAt,
  };
}

export function toAliasType(catalogue: Catalogue, model: Model, alias: Alias): AliasType {
  const { id, name, revision } = alias;
  return { id, name, revision, targets: toTargetTypes(catalogue, model, alias.targets) };
}

export function toTargetTypes(catalogue: Catalogue, model: Model, targets: readonly AliasTarget[]): AliasTargetType[] {
  return targets.flatMap(({ modelVersionId, weight, sampleRate }) => {
    const version = model.versions.find((candidate) => candidate.id === modelVersionId);
    return version === undefined
      ? []
      : [{ version: toVersionType(catalogue, version), weight, sampleRate: weight === 0 ? sampleRate : null }];
  });
}
