import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, InputType, ObjectType, registerEnumType } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import { ApiKeyType } from "../keys/keys.types.ts";
import { ModelType, ModelVersionType } from "../models/models.types.ts";

export const UsageDimension = { MODEL: "MODEL", VERSION: "VERSION", API_KEY: "API_KEY", METER: "METER" } as const;
registerEnumType(UsageDimension, {
  name: "UsageDimension",
  description: "What a usage report can be grouped by.",
  valuesConfig: {
    MODEL: { description: "The model that answered." },
    VERSION: { description: "The version that answered." },
    API_KEY: { description: "The key that asked; none for a signed-in user." },
    METER: { description: "What was counted. Rows are always by meter: quantities of different meters do not add up." },
  },
});

export const UsageInterval = { HOUR: "HOUR", DAY: "DAY", MONTH: "MONTH" } as const;
registerEnumType(UsageInterval, {
  name: "UsageInterval",
  description: "The length of time of a report's rows, in UTC.",
  valuesConfig: {
    HOUR: { description: "A row for each hour." },
    DAY: { description: "A row for each day." },
    MONTH: { description: "A row for each calendar month." },
  },
});

@InputType("UsageReportInput", { description: "What a usage report is about." })
export class UsageReportInput {
  @Field(() => GraphQLDateTime, { description: "From when on, inclusive." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "Until when, exclusive." })
  endsAt: Date;

  @Field(() => [UsageDimension], { nullable: true, defaultValue: [], description: "What the rows are told apart by." })
  groupBy: (keyof typeof UsageDimension)[] | null;

  @Field(() => UsageInterval, {
    nullable: true,
    description: "The length of time of each row; without it, the whole period.",
  })
  interval: keyof typeof UsageInterval | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: "Whether to show each row beside the same of the period before.",
  })
  compare: boolean;
}

@ObjectType("MeteredQuantity", { description: "How much of a meter, and what it costs.", simpleResolvers: true })
export class MeteredQuantityType {
  @Field(() => String, { description: "What was counted, such as `inputs`." })
  meter: string;

  @Field(() => Float, { description: "How much of it; of `compute_ms`, to the thousandth." })
  quantity: number;

  @Field(() => MicrosScalar, { description: "What it costs at the price that stood when it was used." })
  amount: bigint;
}

@ObjectType("UsageRow", {
  description: "Usage of one meter, of one group, in one stretch of time.",
  simpleResolvers: true,
})
export class UsageRowType {
  @Field(() => GraphQLDateTime, { description: "From when on, inclusive." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "Until when, exclusive." })
  endsAt: Date;

  @Field(() => ModelType, { nullable: true, description: "The model, when grouped by MODEL." })
  model: ModelType | null;

  @Field(() => ModelVersionType, { nullable: true, description: "The version, when grouped by VERSION." })
  version: ModelVersionType | null;

  @Field(() => ApiKeyType, {
    nullable: true,
    description: "The key, when grouped by API_KEY; none for signed-in users.",
  })
  apiKey: ApiKeyType | null;

  @Field(() => String, { description: "What was counted." })
  meter: string;

  @Field(() => Float, { description: "How much of it; of `compute_ms`, to the thousandth." })
  quantity: number;

  @Field(() => MicrosScalar, { description: "What it costs at the prices that stood when it was used." })
  amount: bigint;

  @Field(() => MeteredQuantityType, {
    nullable: true,
    description: "The same of the period before, at the same place in it; only when it was asked for.",
  })
  previous: MeteredQuantityType | null;
}

@ObjectType("UsageComparison", { description: "The period before that of a report.", simpleResolvers: true })
export class UsageComparisonType {
  @Field(() => GraphQLDateTime, {
    description: "When it began: as long before as the report's is long, or as many calendar months.",
  })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "When it ended: where the report's begins." })
  endsAt: Date;

  @Field(() => [MeteredQuantityType], { description: "What was used in it, by meter." })
  total: MeteredQuantityType[];
}

@ObjectType("UsageReport", { description: "What a tenant used in a period.", simpleResolvers: true })
export class UsageReportType {
  @Field(() => [UsageRowType], { description: "The rows, by time and then by group." })
  rows: UsageRowType[];

  @Field(() => [MeteredQuantityType], { description: "The sums over all rows, by meter." })
  total: MeteredQuantityType[];

  @Field(() => UsageComparisonType, { nullable: true, description: "The period before, when it was asked for." })
  comparison: UsageComparisonType | null;
}

@ObjectType("UsageTick", { description: "What a tenant used in about a second.", simpleResolvers: true })
export class UsageTickType {
  @Field(() => GraphQLDateTime, { description: "From when on, inclusive." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "Until when, exclusive." })
  endsAt: Date;

  @Field(() => [MeteredQuantityType], {
    description: "How much of each meter was used; less than nothing where more was taken back than used.",
  })
  usage: MeteredQuantityType[];
}
