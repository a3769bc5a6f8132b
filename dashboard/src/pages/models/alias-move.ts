import type { ModelQuery, ModelVersionState, PointAliasInput } from "../../graphql/generated/graphql.ts";

interface Pointed {
  targets: readonly { weight: number; version: { version: number } }[];
}

type Guard = NonNullable<ModelQuery["model"]["aliases"][number]["guard"]>;

/** Where a canary begins, and the steps on which more and more of the requests go to it. */
const steps = [5, 25, 50] as const;
export const firstStep = steps[0];

/** A version that is tried out beside the one that answers most. */
export interface Canary {
  /** The version that was there before. */
  from: number;
  to: number;
  percent: number;
}

/** Undefined where the alias has one target, or more than these two, or one is a shadow. */
export function canaryOf({ targets }: Pointed): Canary | undefined {
  const [older, newer] = targets.toSorted((a, b) => a.version.version - b.version.version);
  if (targets.length !== 2 || older === undefined || newer === undefined) return undefined;
  if (older.weight === 0 || newer.weight === 0) return undefined;
  const percent = Math.round((100 * newer.weight) / (older.weight + newer.weight));
  return { from: older.version.version, to: newer.version.version, percent };
}

/** The next step of a canary; undefined where only all is left. */
export function nextStep({ percent }: Canary): number | undefined {
  return steps.find((step) => step > percent);
}

interface Standing {
  version: number;
  state: ModelVersionState;
}

/** What can be tried out beside what answers now, the newest first. */
export function candidatesOf(versions: readonly Standing[], { targets }: Pointed): number[] {
  const there = new Set(targets.map(({ version }) => version.version));
  return versions
    .filter(({ state, version }) => state === "READY" && !there.has(version))
    .map(({ version }) => version)
    .toReversed();
}

export function canaryTargets(from: number, to: number, percent: number): PointAliasInput["targets"] {
  return [
    { version: from, weight: 100 - percent },
    { version: to, weight: percent },
  ];
}

/** The bounds that a canary gets unless somebody changes them. */
export const usualGuard = { minRequests: 50, windowSeconds: 300, maxErrorRate: 0.05, maxP99Ratio: 2 };

/** The guard in words, for whoever has to trust it. */
export function guardText(guard: Guard): string {
  const { minRequests, windowSeconds, maxErrorRate, maxP99Ratio, maxDisagreement } = guard;
  const bounds = [
    ...(maxErrorRate === null ? [] : [`${percentText(maxErrorRate)} of its requests may fail`]),
    ...(maxP99Ratio === null ? [] : [`its p99 may be ${maxP99Ratio} times the others'`]),
    ...(maxDisagreement === null ? [] : [`${percentText(maxDisagreement)} of its answers may differ`]),
  ];
  return `Guarded: ${bounds.join(", and ")}, over ${windowSeconds} s and at least ${minRequests} requests; beyond that it rolls back by itself.`;
}

function percentText(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
