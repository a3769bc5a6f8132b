import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { type JsonObject, JsonObjectScalar } from "../../platform/graphql/json.types.ts";
import { type UploadedFile, UploadScalar } from "../../platform/graphql/upload.types.ts";
import { AliasTargetType, ModelTask } from "./models.types.ts";

export const OutputSemantics = { PROBABILITIES: "PROBABILITIES", LOGITS: "LOGITS", VALUES: "VALUES" } as const;
registerEnumType(OutputSemantics, {
  name: "OutputSemantics",
  description: "What the numbers of a version's output are.",
  valuesConfig: {
    PROBABILITIES: { description: "Probabilities, one for each label." },
    LOGITS: { description: "Logits, one for each label; they are answered as probabilities." },
    VALUES: { description: "Numbers of their own kind, answered as they are." },
  },
});

@InputType("RegisterModelVersionInput", { description: "A version to register: its file, and what is known of it." })
export class RegisterModelVersionInputType {
  @Field(() => String, { description: "The model's name; one that does not exist yet is made." })
  model: string;

  @Field(() => UploadScalar, { nullable: true, description: "The ONNX file; or its digest instead." })
  file?: UploadedFile | null;

  @Field(() => String, {
    nullable: true,
    description: "SHA-256 of an ONNX file that was sent before: `PUT /artifacts/<digest>`.",
  })
  digest?: string | null;

  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: "The manifest, whole or in part; what is missing is read from the graph.",
  })
  manifest?: JsonObject | null;

  @Field(() => Int, { nullable: true, description: "The number of the version; without it, the next." })
  version?: number | null;

  @Field(() => ModelTask, {
    nullable: true,
    description: "What it does; without it, what the manifest says, or TENSOR.",
  })
  task?: string | null;

  @Field(() => String, { nullable: true, description: "What the model is for." })
  description?: string | null;

  @Field(() => [String], { nullable: true, description: "What it can answer, in the order of its scores." })
  labels?: string[] | null;

  @Field(() => OutputSemantics, { nullable: true, description: "What its scores are; needed with `labels`." })
  semantics?: "PROBABILITIES" | "LOGITS" | "VALUES" | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 20_000,
    description: "How long to wait until it is READY or REJECTED, in milliseconds; then it is answered as it stands.",
  })
  waitMs?: number | null;
}

@InputType("AliasTargetInput", { description: "A version behind an alias, and its share of the requests." })
export class AliasTargetInputType {
  @Field(() => Int, { description: "The version's number; it must be READY." })
  version: number;

  @Field(() => Int, {
    description: "Its share in relation to the others', 0 to 100; 0 is a shadow, which is asked and never answers.",
  })
  weight: number;

  @Field(() => Float, {
    nullable: true,
    description: "Of a shadow: the share of the requests that it is asked too, above 0 to 1; all if not given.",
  })
  sampleRate?: number | null;
}

@InputType("AliasGuardInput", {
  description:
    "Bounds on what an alias's newest target may do worse than the others; beyond one, it rolls back by itself.",
})
export class AliasGuardInputType {
  @Field(() => Int, {
    nullable: true,
    description: "Requests of the newest target that must be seen first; 50 if not given.",
  })
  minRequests?: number | null;

  @Field(() => Int, { nullable: true, description: "Over how many seconds is judged; 300 if not given." })
  windowSeconds?: number | null;

  @Field(() => Float, { nullable: true, description: "The share of its requests that may fail on our side, 0 to 1." })
  maxErrorRate?: number | null;

  @Field(() => Float, { nullable: true, description: "How many times the others' p99 its own may be." })
  maxP99Ratio?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "The share of shadowed requests that the shadow may answer with another label, 0 to 1.",
  })
  maxDisagreement?: number | null;
}

@InputType("PointAliasInput", { description: "Where an alias is to point." })
export class PointAliasInputType {
  @Field(() => String, { description: "The model's name." })
  model: string;

  @Field(() => String, { description: "The alias's name, such as `stable`; one that does not exist yet is made." })
  alias: string;

  @Field(() => [AliasTargetInputType], { description: "All its targets." })
  targets: AliasTargetInputType[];

  @Field(() => Int, {
    nullable: true,
    description: "The revision you have seen, 0 for none: refused with CONFLICT where somebody has moved it since.",
  })
  expectedRevision?: number | null;

  @Field(() => AliasGuardInputType, { nullable: true, description: "What it may not do; without it, nobody watches." })
  guard?: AliasGuardInputType | null;
}

@InputType("RollBackAliasInput", { description: "An alias to bring back to its targets before the last move." })
export class RollBackAliasInputType {
  @Field(() => String, { description: "The model's name." })
  model: string;

  @Field(() => String, { description: "The alias's name." })
  alias: string;

  @Field(() => Int, { nullable: true, description: "The revision you have seen: refused with CONFLICT at another." })
  expectedRevision?: number | null;

  @Field(() => String, { nullable: true, description: "Why, for the history." })
  reason?: string | null;
}

@InputType("RetireModelVersionInput", { description: "A version to take out of service." })
export class RetireModelVersionInputType {
  @Field(() => String, { description: "The model's name." })
  model: string;

  @Field(() => Int, { description: "The version's number." })
  version: number;
}

@InputType("OfferModelInput", { description: "A model of the platform, and who may call it." })
export class OfferModelInputType {
  @Field(() => String, { description: "The model's name." })
  model: string;

  @Field(() => ID, { nullable: true, description: "The tenant; without it, all tenants." })
  tenantId?: string | null;
}

export const AliasMoveCause = {
  FIRST_VERSION: "FIRST_VERSION",
  POINTED: "POINTED",
  ROLLED_BACK: "ROLLED_BACK",
  GUARD: "GUARD",
  QUARANTINE: "QUARANTINE",
} as const;
registerEnumType(AliasMoveCause, {
  name: "AliasMoveCause",
  description: "Why an alias was moved.",
  valuesConfig: {
    FIRST_VERSION: { description: "It is the model's first version that can answer." },
    POINTED: { description: "Somebody pointed it." },
    ROLLED_BACK: { description: "Somebody rolled it back." },
    GUARD: { description: "Its newest target went beyond the bounds of its guard." },
    QUARANTINE: { description: "A target broke too often." },
  },
});

@ObjectType("AliasMove", { description: "One move of an alias.", simpleResolvers: true })
export class AliasMoveType {
  @Field(() => Int, { description: "The revision that it made." })
  revision: number;

  @Field(() => [AliasTargetType], { description: "Where it pointed from then on." })
  targets: AliasTargetType[];

  @Field(() => AliasMoveCause, { description: "Why it was moved." })
  cause: string;

  @Field(() => String, { nullable: true, description: "The reason in words, where there is one." })
  reason: string | null;

  @Field(() => String, { description: "Who moved it: an API key's or a user's id, or `tollgate` for itself." })
  actorId: string;

  @Field(() => GraphQLDateTime, { description: "When." })
  createdAt: Date;
}
