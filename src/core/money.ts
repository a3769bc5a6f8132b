/** An amount of money in whole micro-units (1 unit of the currency = 1,000,000), never a fraction of one. */
export type Micros = bigint;
