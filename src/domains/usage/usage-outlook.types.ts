import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ObjectType, registerEnumType } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import { shownQuantity } from "../plans/meter.ts";
import type { MeterOutlook, UsageOutlook } from "./usage-outlook.ts";

export const ForecastMethod = { SEASONAL: "SEASONAL", LINEAR: "LINEAR" } as const;
registerEnumType(ForecastMethod, {
  name: "ForecastMethod",
  description: "How a forecast was made.",
  valuesConfig: {
    SEASONAL: { description: "Each hour to come like the same hour of the week in the last one to four weeks." },
    LINEAR: { description: "Each hour to come like the hours so far: there is less than a week of them." },
  },
});

@ObjectType("MeterForecast", {
  description: "What will have been used of a meter at the end; four times in five between `low` and `high`.",
  simpleResolvers: true,
})
export class MeterForecastType {
  @Field(() => String, { description: "What is counted." })
  meter: string;

  @Field(() => ForecastMethod, { description: "How the forecast was made, and so how far it can be trusted." })
  method: keyof typeof ForecastMethod;

  @Field(() => Float, { description: "How much was used so far." })
  used: number;

  @Field(() => MicrosScalar, { description: "What that costs." })
  usedAmount: bigint;

  @Field(() => Float, { description: "How much will have been used." })
  quantity: number;

  @Field(() => Float, { description: "How much it will be at the least, nine times in ten." })
  quantityLow: number;

  @Field(() => Float, { description: "How much it will be at the most, nine times in ten." })
  quantityHigh: number;

  @Field(() => MicrosScalar, { description: "What it will cost, flat fees and taxes left out." })
  amount: bigint;

  @Field(() => MicrosScalar, { description: "What it will cost at the least, nine times in ten." })
  amountLow: bigint;

  @Field(() => MicrosScalar, { description: "What it will cost at the most, nine times in ten." })
  amountHigh: bigint;
}

@ObjectType("UsageForecast", { description: "How the billing period that runs now will end.", simpleResolvers: true })
export class UsageForecastType {
  @Field(() => GraphQLDateTime, { description: "When the billing period began." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "When it ends." })
  endsAt: Date;

  @Field(() => [MeterForecastType], { description: "The forecast of each meter that was used in the last weeks." })
  meters: MeterForecastType[];
}

export function toForecastType({ startsAt, endsAt, meters }: UsageOutlook): UsageForecastType {
  return { startsAt, endsAt, meters: meters.map(toMeterType) };
}

function toMeterType({ meter, method, used, quantity, amountMicros }: MeterOutlook): MeterForecastType {
  const shown = (value: bigint) => shownQuantity(meter, value);
  return {
    meter,
    method,
    used: shown(used.quantity),
    usedAmount: used.amountMicros,
    quantity: shown(quantity.expected),
    quantityLow: shown(quantity.low),
    quantityHigh: shown(quantity.high),
    amount: amountMicros.expected,
    amountLow: amountMicros.low,
    amountHigh: amountMicros.high,
  };
}
