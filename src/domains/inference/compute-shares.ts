/**
 * Splits the measured time of a batch between its rows by their cost, in whole microseconds that sum up to it exactly:
 * each gets its part rounded down, and what is left goes, one by one, to those whose rounding took most (largest
 * remainder; of two alike, the first).
 */
export function computeShares(totalUs: number, costs: readonly number[]): number[] {
  const sum = costs.reduce((total, cost) => total + cost, 0);
  const isEven = sum <= 0 || costs.every((cost) => cost === costs[0]);
  if (isEven) return evenShares(totalUs, costs.length);
  const shares: number[] = [];
  const remainders: { i: number; lost: number }[] = [];
  let given = 0;
  for (const [i, cost] of costs.entries()) {
    const exact = (totalUs * cost) / sum;
    const whole = Math.floor(exact);
    shares.push(whole);
    given += whole;
    remainders.push({ i, lost: exact - whole });
  }
  remainders.sort((a, b) => b.lost - a.lost || a.i - b.i);
  for (const { i } of remainders.slice(0, totalUs - given)) shares[i] = (shares[i] ?? 0) + 1;
  return shares;
}

function evenShares(totalUs: number, count: number): number[] {
  const whole = Math.floor(totalUs / count);
  const left = totalUs - whole * count;
  return Array.from({ length: count }, (_, i) => (i < left ? whole + 1 : whole));
}
