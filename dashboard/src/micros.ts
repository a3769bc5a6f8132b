/** What somebody typed as money, such as "12.50", in micro-units. Undefined where it is none, or finer than those. */
export function microsOf(text: string): string | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, units = "0", fraction = ""] = match;
  return String(BigInt(units) * 1_000_000n + BigInt(fraction.padEnd(6, "0")));
}

/** Micro-units as somebody would type them: "0.001". */
export function typed(micros: string): string {
  const value = BigInt(micros);
  const fraction = String(value % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return fraction === "" ? String(value / 1_000_000n) : `${value / 1_000_000n}.${fraction}`;
}
