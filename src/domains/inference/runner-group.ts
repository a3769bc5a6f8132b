import type { Provider } from "./provider.ts";

/**
 * Which processes may run a version. A tenant's own model shares a process with nobody else's: a runner is of one group
 * from its start to its end.
 */
export interface RunnerGroup {
  /** The tenant whose models alone run there; undefined for the platform's. */
  readonly ownerTenantId: string | undefined;
  readonly provider: Provider;
}

export const platformGroup: RunnerGroup = { ownerTenantId: undefined, provider: "CPU" };

/** One name for each group. */
export function groupKey({ ownerTenantId, provider }: RunnerGroup): string {
  return `${provider} ${ownerTenantId ?? ""}`;
}

/** Of this group some always run; those of the others come when they are needed, and go. */
export function isPlatform({ ownerTenantId, provider }: RunnerGroup): boolean {
  return ownerTenantId === undefined && provider === "CPU";
}
