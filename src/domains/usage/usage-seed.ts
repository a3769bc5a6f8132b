/** So many events of made-up usage, in the hour that begins then. */
export interface SeededHour {
  hour: Date;
  events: number;
}

const hourMs = 3_600_000;

/**
 * Spreads events over the hours of a period as an office uses a service: busy in the day, less at night, least at the
 * weekend, and a little more every week. They add up to `events` exactly.
 */
export function seededHours(period: { startsAt: Date; endsAt: Date }, events: number): SeededHour[] {
  const first = Math.ceil(period.startsAt.getTime() / hourMs);
  const last = Math.floor(period.endsAt.getTime() / hourMs);
  const hours = Array.from({ length: Math.max(0, last - first) }, (_, i) => new Date((first + i) * hourMs));
  const weights = hours.map((hour, i) => weightOf(hour) * (1 + i / hours.length));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let weighed = 0;
  let given = 0;
  return hours.map((hour, i) => {
    weighed += weights[i] ?? 0;
    // Rounded as a running sum, so that what one hour loses the next one gets.
    const upToHere = i === hours.length - 1 ? events : Math.round((events * weighed) / total);
    const ofHour = { hour, events: upToHere - given };
    given = upToHere;
    return ofHour;
  });
}

function weightOf(hour: Date): number {
  const day = 1 + 4 * Math.max(0, Math.sin(((hour.getUTCHours() - 6) / 14) * Math.PI));
  return hour.getUTCDay() === 0 || hour.getUTCDay() === 6 ? day / 4 : day;
}
