/** What a limit limits, how strictly, and over which time. */
export const limitKinds = ["QUOTA", "BUDGET", "RATE_LIMIT", "CONCURRENCY_LIMIT", "REQUEST_INPUTS"] as const;
export type LimitKind = (typeof limitKinds)[number];

export const limitModes = ["HARD", "SOFT", "SHADOW"] as const;
export type LimitMode = (typeof limitModes)[number];

export const limitPeriods = ["HOUR", "DAY", "BILLING_PERIOD"] as const;
export type LimitPeriod = (typeof limitPeriods)[number];
