import { GraphQLDateTime } from "graphql-scalars";
import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { TenantType } from "../tenants/tenant.types.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Model, RegisteredVersion } from "./model.ts";
import { ExecutionProvider, ModelTask, ModelVersionState } from "./models.types.ts";

export type TenantsById = ReadonlyMap<string, TenantType>;

/** These of all tenants, by their ids. */
export type FindTenants = (ids: readonly string[]) => Promise<TenantsById>;

@ObjectType("HostedVersion", {
  description: "A version of anybody's model, as whoever runs the machines sees it: not what it takes and answers.",
  simpleResolvers: true,
})
export class HostedVersionType {
  /** The version's. */
  id: string;

  @Field(() => String, { description: "The name of its model." })
  model: string;

  @Field(() => Int, { description: "Its number within the model." })
  version: number;

  @Field(() => TenantType, { nullable: true, description: "Whose model it is; none for the platform's." })
  tenant: TenantType | null;

  @Field(() => ModelVersionState, { description: "Where it stands, seen from the gateway that was asked." })
  state: string;

  @Field(() => String, { nullable: true, description: "Why it stands there, where that needs saying." })
  stateReason: string | null;

  @Field(() => ExecutionProvider, { description: "What it really runs on." })
  provider: string;

  @Field(() => String, { nullable: true, description: "Why not on CUDA, where that was preferred." })
  providerReason: string | null;

  @Field(() => GraphQLDateTime, { description: "When it was registered." })
  registeredAt: Date;
}

@ObjectType("HostedModel", {
  description: "Anybody's model, as whoever runs the machines sees it.",
  simpleResolvers: true,
})
export class HostedModelType {
  /** The model's, for the cursor of a list. */
  id: string;

  @Field(() => String, { description: "The name that `infer` takes." })
  name: string;

  @Field(() => ModelTask, { description: "What it does." })
  task: string;

  @Field(() => TenantType, { nullable: true, description: "Whose it is; none for the platform's." })
  tenant: TenantType | null;

  @Field(() => GraphQLDateTime, { description: "When its first version was registered." })
  createdAt: Date;

  @Field(() => [HostedVersionType], { description: "Its versions, oldest first." })
  versions: HostedVersionType[];
}

export const HostedModelConnectionType = connectionType("HostedModel", () => HostedModelType);

@ObjectType("ModelOffers", { description: "Who may call a model of the platform.", simpleResolvers: true })
export class ModelOffersType {
  @Field(() => Boolean, { description: "Whether it is offered to all tenants." })
  isToAll: boolean;

  @Field(() => [TenantType], { description: "The tenants that it is offered to by name, at most 100." })
  tenants: TenantType[];

  @Field(() => Int, { description: "How many tenants it is offered to by name." })
  tenantCount: number;
}

/** @param tenants at least the one that owns the model. */
export function toHostedVersionType(
  { model, version }: { model: Model; version: RegisteredVersion },
  { catalogue, tenants }: { catalogue: Catalogue; tenants: TenantsById },
): HostedVersionType {
  const condition = catalogue.conditionOf(version);
  const isReady = condition.state === "READY";
  return {
    id: version.id,
    model: model.name,
    version: version.version,
    tenant: tenants.get(model.ownerTenantId ?? "") ?? null,
    state: condition.state,
    stateReason: isReady ? null : (condition.reason ?? null),
    provider: isReady ? condition.provider : "CPU",
    providerReason: isReady ? (condition.providerReason ?? null) : null,
    registeredAt: version.registeredAt,
  };
}
