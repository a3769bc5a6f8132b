// The currencies of ISO 4217 whose minor unit is not a hundredth, by how many decimals they have. Written down here, and not
// asked of Intl: Intl follows what people use (it gives the Iraqi dinar no decimals), it changes with every release of
// ICU, and an invoice must not come out differently after an upgrade of Node.
const unusualDigits = new Map<string, number>([
  ...codes(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...codes(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...codes(4, "CLF UYW"),
]);

const known = new Set([...Intl.supportedValuesOf("currency"), ...unusualDigits.keys()]);

/** Whether the text is a currency's three letters of ISO 4217. */
export function isCurrency(text: string): boolean {
  return known.has(text);
}

/** How many decimals a currency's minor unit has: 2 for most, 0 for the yen, 3 for the Kuwaiti dinar. */
export function minorUnitDigits(currency: string): number {
  return unusualDigits.get(currency) ?? 2;
}

/** An amount as people write it, with a point and all of the currency's decimals: `-1234.50`. It must be whole in minor units. */
export function formatMinorUnits(amountMicros: bigint, currency: string): string {
  const digits = minorUnitDigits(currency);
  const scale = 10n ** BigInt(6 - digits);
  if (amountMicros % scale !== 0n) throw new RangeError(`${amountMicros} micro-units of ${currency} cannot be paid.`);
  return decimal(amountMicros / scale, digits);
}

/** An amount with as many decimals as it has, and the currency's at the least: a price of 100 micro-units is `0.0001`. */
export function formatMicros(amountMicros: bigint, currency: string): string {
  const exact = decimal(amountMicros, 6);
  const spare = 6 - minorUnitDigits(currency);
  const shortest = exact.replace(new RegExp(`0{1,${spare}}$`), "");
  return shortest.endsWith(".") ? shortest.slice(0, -1) : shortest;
}

function decimal(value: bigint, digits: number): string {
  const sign = value < 0n ? "-" : "";
  const text = String(value < 0n ? -value : value).padStart(digits + 1, "0");
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function codes(digits: number, list: string): [string, number][] {
  return list.split(" ").map((code) => [code, digits]);
}
