import type { Micros } from "../../core/money.ts";
import type { Price } from "../plans/rating.ts";

/** What was used on one day (UTC) of what a line is about. */
export interface UsageDay {
  day: Date;
  quantity: bigint;
  amountMicros: Micros;
  events: bigint;
}

/** The plan version that a line was worked out with. */
export interface PriceVersion {
  planVersionId: string;
  planName: string;
  planVersion: number;
  flatFeeMicros: Micros;
  /** Of the line's meter and model; undefined for a fee. */
  price: Price | undefined;
}
