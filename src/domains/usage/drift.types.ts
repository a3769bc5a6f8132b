import { GraphQLDateTime } from "graphql-scalars";
import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import type { Drift } from "./drift.ts";

export const LedgerCache = { HOURLY_USAGE: "HOURLY_USAGE", COUNTERS: "COUNTERS", AMOUNTS: "AMOUNTS" } as const;
registerEnumType(LedgerCache, {
  name: "LedgerCache",
  description: "Numbers that are kept beside the ledger, and can be made again from it.",
  valuesConfig: {
    HOURLY_USAGE: { description: "What was used in each hour, for reports and invoices." },
    COUNTERS: { description: "What limits have counted in their periods." },
    AMOUNTS: { description: "What usage was charged at, against its price." },
  },
});

export const cacheOfTable = {
  usage_hourly: "HOURLY_USAGE",
  usage_counters: "COUNTERS",
  rated_cost: "AMOUNTS",
} as const satisfies Record<Drift["table"], keyof typeof LedgerCache>;

@ObjectType("CacheDrift", { description: "How one cache stands against the ledger.", simpleResolvers: true })
export class CacheDriftType {
  @Field(() => LedgerCache, { description: "The cache." })
  cache: keyof typeof LedgerCache;

  @Field(() => Int, { description: "Numbers of it that differ from what the events add up to; 0 is as it should be." })
  numbers: number;
}

@ObjectType("DriftedNumber", {
  description: "A cached number that is not what the events add up to.",
  simpleResolvers: true,
})
export class DriftedNumberType {
  @Field(() => LedgerCache, { description: "The cache that it stands in." })
  cache: keyof typeof LedgerCache;

  @Field(() => String, { description: "The id of the tenant that it counts for." })
  tenantId: string;

  @Field(() => String, { description: "Where it stands, for people." })
  row: string;

  @Field(() => String, { description: "What the cache says." })
  cached: string;

  @Field(() => String, { description: "What the events add up to." })
  recomputed: string;
}

@ObjectType("LedgerDrift", {
  description: "What the gateway that was asked has found by comparing the caches with the ledger, since it started.",
  simpleResolvers: true,
})
export class LedgerDriftType {
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it looked last; it does so every five minutes." })
  lookedAt: Date | null;

  @Field(() => [CacheDriftType], { description: "Every cache, with what is known of it." })
  caches: CacheDriftType[];

  @Field(() => [DriftedNumberType], { description: "Some of the numbers that differ, at most 20." })
  examples: DriftedNumberType[];
}
