const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compactNumber = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const local = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const dayRange = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function count(value: number): string {
  return whole.format(value);
}

export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : compactNumber.format(value);
}

export function percent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/**
 * Money in micro-units, as it is, to the cent; below one unit to the last digit that counts, so that a price of a tenth
 * of a cent does not read as nothing.
 */
export function money(micros: string | number | bigint, currency: string | undefined): string {
  const value = Number(micros) / 1_000_000;
  const digits = value !== 0 && Math.abs(value) < 1 ? 6 : 2;
  const format = new Intl.NumberFormat("en", {
    ...(currency === undefined ? {} : { style: "currency", currency }),
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
  return format.format(value);
}

/** Money as it is paid: to the currency's smallest unit, which not every currency has two digits for. */
export function paid(micros: string | number | bigint, currency: string): string {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(Number(micros) / 1_000_000);
}

/** Money to the last digit that counts: a price, or an amount before it was rounded. */
export function exact(micros: string | number | bigint, currency: string): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: 6 });
  return format.format(Number(micros) / 1_000_000);
}

/** In the zone of whoever reads it. */
export function dateTime(iso: string): string {
  return local.format(new Date(iso));
}

/** As it is booked: periods begin and end in UTC. */
export function utc(date: Date | string, { withTime = true }: { withTime?: boolean } = {}): string {
  const text = new Date(date).toISOString();
  return withTime ? `${text.slice(0, 10)} ${text.slice(11, 16)} UTC` : text.slice(0, 10);
}

/** "in 3 days", "2 minutes ago". */
export function fromNow(iso: string, now: number = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  const step = steps.find(([, length]) => Math.abs(seconds) >= length);
  if (step === undefined) return seconds > 0 ? "in less than a minute" : "just now";
  return relative.format(Math.trunc(seconds / step[1]), step[0]);
}

/** A period `[startsAt, endsAt)` by its days: "1 Oct – 31 Oct 2026". The end is the last day that is in it. */
export function days(startsAt: string, endsAt: string): string {
  const last = new Date(new Date(endsAt).getTime() - 1);
  return dayRange.formatRange(new Date(startsAt), last);
}

/** A day of the books. */
export function day(iso: string): string {
  return dayRange.format(new Date(iso));
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(1)} ms`;
}

/** `IMAGE_CLASSIFICATION` as it reads: "Image classification". */
export function words(constant: string): string {
  const text = constant.toLowerCase().replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How long something takes: two units at the most, such as "2 h 5 min". */
export function duration(seconds: number): string {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 60) return `${rounded} s`;
  const [hours, minutes] = [Math.floor(rounded / 3_600), Math.floor((rounded % 3_600) / 60)];
  if (hours === 0) return `${minutes} min ${rounded % 60} s`;
  return hours < 48 ? `${hours} h ${minutes} min` : `${Math.round(hours / 24)} days`;
}

const sizes: [number, string][] = [
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
];

export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  const [divisor, unit] = sizes.find(([least]) => value >= least) ?? [1_000, "kB"];
  return `${(value / divisor).toFixed(1)} ${unit}`;
}
