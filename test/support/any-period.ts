import fc from "fast-check";

/** Any moment of the years that a gateway may live to see, ends of months and leap days often. */
export const anyMoment = fc
  .tuple(
    fc.integer({ min: 2020, max: 2045 }),
    fc.nat(11),
    fc.constantFrom(1, 2, 15, 27, 28, 29, 30, 31),
    fc.nat(86_399_999),
  )
  .map(([year, month, day, ms]) => new Date(Date.UTC(year, month, day) + ms));

export const anyAnchorDay = fc.integer({ min: 1, max: 31 });
