import type { Permission } from "../../core/permission.ts";

/** A machine's credential, as everybody who may see keys sees it: without a trace of its secret. */
export interface ApiKey {
  id: string;
  tenantId: string;
  name: string;
  /** How its credential begins, to tell keys apart by sight. */
  prefix: string;
  permissions: Permission[];
  /** Where it may be used from; empty: from anywhere. */
  allowedCidrs: string[];
  createdAt: Date;
  createdBy: string;
  expiresAt: Date | undefined;
  lastUsedAt: Date | undefined;
  revokedAt: Date | undefined;
  /** The key that took its place. */
  rotatedTo: string | undefined;
}

/** What is written of a key when it is made. */
export type NewApiKey = Omit<ApiKey, "tenantId" | "lastUsedAt" | "revokedAt" | "rotatedTo"> & {
  secretHash: Uint8Array<ArrayBuffer>;
};
