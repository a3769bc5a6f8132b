import { TollgateError } from "../../core/errors.ts";
import { actorId, type Principal } from "../../core/principal.ts";
import type { ArtifactStore, ByteStream } from "../../platform/artifact-store.ts";
import type { Artifact, ArtifactsStore, Owner } from "./artifacts.store.ts";

interface ArtifactsOptions {
  store: ArtifactStore;
  book: ArtifactsStore;
  maxBytes: number;
  maxBytesPerTenant: number;
}

const dayMs = 24 * 3_600_000;

export function ownerOf(principal: Principal): Owner {
  return principal.kind === "OPERATOR" ? undefined : principal.tenantId;
}

/**
 * Takes model files in. A tenant can name what it brought itself and nothing else: whether another has brought the same
 * bytes it learns neither from an answer nor from the time that the upload takes.
 */
export class Artifacts {
  readonly #options: ArtifactsOptions;

  constructor(options: ArtifactsOptions) {
    this.#options = options;
  }

  async find(principal: Principal, digest: string): Promise<Artifact | undefined> {
    return await this.#options.book.find(ownerOf(principal), digest);
  }

  /**
   * Reads the stream to its end, checks it against the digest where one is expected, and books it as the principal's.
   * Throws INVALID_INPUT for a file that is empty or too large, CONFLICT for one with another digest or that the tenant
   * has no more room for, OVERLOADED where the store is full. Nothing is kept then.
   */
  async take(principal: Principal, stream: ByteStream, expected: string | undefined): Promise<Artifact> {
    const { store, book, maxBytes } = this.#options;
    const owner = ownerOf(principal);
    await this.#checkRoom(owner);
    const outcome = await store.put(stream, { maxBytes, expected });
    switch (outcome.kind) {
      case "KEPT": {
        const { digest, bytes } = outcome;
        const artifact = { owner, digest, bytes, actorId: actorId(principal) };
        const isBooked = await book.add(artifact, () => store.has(digest));
        if (isBooked) return { digest, bytes };
        throw new TollgateError("OVERLOADED", "The file was cleared away while it came. Send it again.");
      }
      case "EMPTY":
        throw new TollgateError("INVALID_INPUT", "The file is empty. Send the bytes of an ONNX model.");
      case "TOO_LARGE":
        throw new TollgateError("INVALID_INPUT", `The file is larger than ${inMb(maxBytes)} MB (MAX_ARTIFACT_MB).`);
      case "OTHER_DIGEST":
        throw new TollgateError(
          "CONFLICT",
          `The sha-256 of what came is ${outcome.digest}; ${expected} was announced. Nothing was kept: send it again.`,
        );
      case "NO_ROOM":
        throw new TollgateError("OVERLOADED", "The artifact store is full. Nothing was kept; tell the operator.");
    }
  }

  /** Clears away what was brought and never registered, and what a gateway kept and was killed before it booked it. */
  async clear(now: Date): Promise<void> {
    const { store, book } = this.#options;
    const forget = (digest: string) => book.forget(digest, () => store.remove(digest));
    for (const digest of await book.unused()) await forget(digest);
    for await (const kept of store.keptBefore(new Date(now.getTime() - dayMs)))
      for (const digest of await book.unknownOf(kept)) await forget(digest);
  }

  // Before the file comes, so that one that is over the bound costs nothing; two that come at once may pass it by one file.
  async #checkRoom(owner: Owner): Promise<void> {
    const { book, maxBytesPerTenant } = this.#options;
    if (owner === undefined) return;
    const bytes = await book.bytesOf(owner);
    if (bytes < maxBytesPerTenant) return;
    throw new TollgateError(
      "CONFLICT",
      `The tenant's files take ${inMb(bytes)} MB; the limit is ${inMb(maxBytesPerTenant)} MB (MAX_ARTIFACTS_MB_PER_TENANT).`,
    );
  }
}

function inMb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
