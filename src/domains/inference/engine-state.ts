import type { Lane } from "./lane.ts";
import type { RunnerState } from "./runner-pool.ts";

export interface EngineState {
  isReady: boolean;
  restarts: number;
  bytesInFlight: number;
  runners: RunnerState[];
  lanes: LaneState[];
}

interface LaneState {
  versionId: string;
  queuedInputs: number;
  waitingTenants: number;
  msPerInput: number;
}

/** What one tenant has waiting in a lane. */
export interface TenantQueue {
  tenantId: string;
  queuedInputs: number;
  /** The part of the lane that is due to it while all of them wait, 0 to 1. */
  share: number;
}

export function laneStateOf(versionId: string, lane: Lane): LaneState {
  return {
    versionId,
    queuedInputs: lane.queuedRows,
    waitingTenants: lane.waitingTenants,
    msPerInput: lane.msPerRow,
  };
}

/** Who waits in the lane, the longest queue first. Walks all that it took: for whoever looks, not for every request. */
export function tenantQueuesOf(lane: Lane): TenantQueue[] {
  const waiting = new Map<string, { queuedInputs: number; weight: number }>();
  for (const { request, queuedRows } of lane.open) {
    if (queuedRows === 0) continue;
    const before = waiting.get(request.tenantId)?.queuedInputs ?? 0;
    waiting.set(request.tenantId, { queuedInputs: before + queuedRows, weight: request.weight ?? 1 });
  }
  return [...waiting]
    .map(([tenantId, { queuedInputs, weight }]) => ({ tenantId, queuedInputs, share: lane.shareOf(weight) }))
    .toSorted((a, b) => b.queuedInputs - a.queuedInputs);
}
