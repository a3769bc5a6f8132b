const firstDelayMs = 5_000;
const longestDelayMs = 14 * 3_600_000;
const spread = 0.2;

/**
 * Attempts before a delivery is given up: the last one comes three to four days after the first. A receiver that was down
 * over a weekend gets everything.
 */
export const maxTries = 13;

/**
 * How long to wait after the failure of a try, counted from 1: four times longer each time, up to 14 hours. Spread by a
 * fifth both ways, so that what failed together does not come back together.
 *
 * @param chance from 0 to 1.
 */
export function retryDelayMs(tries: number, chance: number): number {
  const delay = Math.min(firstDelayMs * 4 ** (tries - 1), longestDelayMs);
  return Math.round(delay * (1 - spread + 2 * spread * chance));
}
