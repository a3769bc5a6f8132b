import type { Manifest } from "./manifest.ts";

/** A named thing that a tenant may call. */
export interface Model {
  id: string;
  name: string;
  description: string;
  task: string;
  createdAt: Date;
  versions: ModelVersion[];
  aliases: Alias[];
}

/** One immutable ONNX file with its manifest. */
export interface ModelVersion {
  id: string;
  modelId: string;
  version: number;
  /** SHA-256 of the ONNX file, in hex. */
  digest: string;
  manifest: Manifest;
  registeredAt: Date;
  retiredAt: Date | undefined;
}

export interface Alias {
  id: string;
  name: string;
  targets: { modelVersionId: string; weight: number }[];
}

/** Where a version stands on this gateway. */
export type VersionCondition =
  | { state: "WARMING" }
  | { state: "READY"; provider: "CPU" | "CUDA"; providerReason: string | undefined }
  | { state: "REJECTED"; reason: string }
  | { state: "RETIRED" };
