import type { AliasGuard } from "./alias-guard.ts";
import type { Manifest } from "./manifest.ts";

/** A named thing that a tenant may call. */
export interface Model {
  id: string;
  name: string;
  description: string;
  task: string;
  createdAt: Date;
  /** Undefined: the platform's. */
  ownerTenantId: string | undefined;
  /** Of a platform model: to all, or to those in `offeredTo`. */
  isOfferedToAll: boolean;
  offeredTo: ReadonlySet<string>;
  versions: RegisteredVersion[];
  aliases: Alias[];
}

const versionStates = [
  "SCANNING",
  "VALIDATING",
  "WARMING",
  "READY",
  "DRAINING",
  "RETIRED",
  "REJECTED",
  "QUARANTINED",
] as const;
export type VersionState = (typeof versionStates)[number];

/** The table's check keeps every other word out. */
export function stateOf(text: string): VersionState {
  const state = versionStates.find((known) => known === text);
  if (state === undefined) throw new Error(`A model version is in the unknown state ${text}.`);
  return state;
}

/** One immutable ONNX file with its manifest. */
export interface ModelVersion extends RegisteredVersion {
  manifest: Manifest;
}

/** A version wherever it stands: until it is ready, and for ever where it was rejected, it has no manifest. */
export interface RegisteredVersion {
  id: string;
  modelId: string;
  /** Undefined: the platform's. */
  ownerTenantId: string | undefined;
  version: number;
  /** SHA-256 of the ONNX file, in hex. */
  digest: string;
  task: string;
  state: VersionState;
  stateReason: string | undefined;
  manifest: Manifest | undefined;
  registeredAt: Date;
  retiredAt: Date | undefined;
}

export function isWhole(version: RegisteredVersion): version is ModelVersion {
  return version.manifest !== undefined;
}

export interface AliasTarget {
  modelVersionId: string;
  weight: number;
  /** Of a shadow: the share of the requests that it is asked too, above 0 to 1. */
  sampleRate: number;
}

export interface Alias {
  id: string;
  name: string;
  /** Counts the moves. */
  revision: number;
  targets: AliasTarget[];
  guard: AliasGuard | undefined;
}

/** Where a version stands on this gateway. */
export type VersionCondition =
  | { state: "READY"; provider: "CPU" | "CUDA"; providerReason: string | undefined }
  | { state: Exclude<VersionState, "READY">; reason: string | undefined };

/** What this gateway itself made of a version that is ready: it is loading, it is loaded, or it could not be. */
export type LocalCondition =
  | { kind: "LOADING" }
  | { kind: "LOADED"; provider: "CPU" | "CUDA"; providerReason: string | undefined }
  /** `isPassing`: it is no fault of the model, and may go better later. */
  | { kind: "FAILED"; reason: string; isPassing: boolean };
