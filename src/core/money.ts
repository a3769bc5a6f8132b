/** An amount of money in whole micro-units (1 unit of the currency = 1,000,000), never a fraction of one. */
export type Micros = bigint;

/** What a quantity costs at a price for each unit: exact, so there is nothing to round. */
export function priceOf(quantity: bigint, unitPriceMicros: Micros): Micros {
  return quantity * unitPriceMicros;
}
