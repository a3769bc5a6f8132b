import { createHash } from "node:crypto";

/**
 * Files by their content: the name of each is the sha-256 of its bytes, so nothing is ever overwritten, and whoever reads
 * one can tell whether it is whole. Replicas share one store.
 */
export interface ArtifactStore {
  has(digest: string): Promise<boolean>;
  /**
   * Takes a file as it comes, and keeps it only if it comes to its end within the bounds and has the digest that was
   * expected of it. Whatever else happens, nothing of it stays. Two writers of the same bytes do not disturb each other.
   */
  put(source: ByteStream, bounds: PutBounds): Promise<PutOutcome>;
  /** Rejects where there is none, or where it is not whole any more. */
  read(digest: string): Promise<ByteStream>;
  /** Does nothing where there is none. */
  remove(digest: string): Promise<void>;
  /** The digests of what was last kept before then, some at a time. */
  keptBefore(time: Date): AsyncIterable<string[]>;
  /** Ends what keeps the process alive. */
  close(): void;
}

export type ByteStream = AsyncIterable<Uint8Array>;

export interface PutBounds {
  maxBytes: number;
  /** In hex; undefined: whatever comes. */
  expected: string | undefined;
}

export type PutOutcome =
  | { kind: "KEPT"; digest: string; bytes: number }
  | { kind: "TOO_LARGE" }
  | { kind: "EMPTY" }
  | { kind: "OTHER_DIGEST"; digest: string }
  /** The store's disk is full. */
  | { kind: "NO_ROOM" };

/** The whole file in memory of its own, checked against its name. */
export async function readWhole(store: Pick<ArtifactStore, "read">, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(digest)) chunks.push(chunk);
  // Not Buffer.concat: what it returns may share its memory, and could then not be handed to another thread.
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  const actual = createHash("sha256").update(whole).digest("hex");
  if (actual === digest) return whole;
  throw new Error(`the artifact ${digest} has the sha-256 ${actual}: the store has damaged it`);
}
