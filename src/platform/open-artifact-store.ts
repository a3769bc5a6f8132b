import path from "node:path";
import type { ArtifactStore } from "./artifact-store.ts";
import { FolderStore } from "./artifact-store-folder.ts";

interface StoreOptions {
  /** `s3://bucket/prefix?region=…&endpoint=…`; undefined: a folder under dataDir. */
  address: string | undefined;
  dataDir: string;
  /** Keeps the files of one purpose apart from those of another, such as `models`. */
  purpose: string;
}

export async function openArtifactStore({ address, dataDir, purpose }: StoreOptions): Promise<ArtifactStore> {
  if (address === undefined) return new FolderStore(path.join(dataDir, "artifacts", purpose));
  // Loaded only where it is used: the SDK takes longer to load than all the rest of a start.
  const { BucketStore } = await import("./artifact-store-bucket.ts");
  return new BucketStore(new URL(address), purpose);
}
