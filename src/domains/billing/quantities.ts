import { scaleOf } from "../plans/meter.ts";

/** How many of a meter's smallest units make one unit of its price. */
export function meterScale(meter: string): bigint {
  return BigInt(scaleOf(meter));
}

/** A quantity in the meter's own unit, as a decimal: 1,500 microseconds of `compute_ms` are `1.5`. */
export function plainQuantity(quantity: bigint, meter: string | undefined): string {
  const scale = meterScale(meter ?? "");
  const sign = quantity < 0n ? "-" : "";
  const absolute = quantity < 0n ? -quantity : quantity;
  const rest = absolute % scale;
  const digits = String(scale).length - 1;
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(digits, "0").replace(/0+$/, "")}`;
  return `${sign}${absolute / scale}${fraction}`;
}
