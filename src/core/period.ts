/** A stretch of time `[startsAt, endsAt)` in UTC. */
export interface Period {
  startsAt: Date;
  endsAt: Date;
}

/** The calendar month in UTC that an instant lies in. */
export function monthOf(instant: Date): Period {
  const year = instant.getUTCFullYear();
  const month = instant.getUTCMonth();
  return { startsAt: new Date(Date.UTC(year, month, 1)), endsAt: new Date(Date.UTC(year, month + 1, 1)) };
}
