import { createHash } from "node:crypto";
import type { ByteStream, PutBounds, PutOutcome } from "./artifact-store.ts";

/** Ends the writing of a file that is not to be kept. */
export class Refused extends Error {
  readonly outcome: Exclude<PutOutcome, { kind: "KEPT" }>;

  constructor(outcome: Exclude<PutOutcome, { kind: "KEPT" }>) {
    super(`the file was refused: ${outcome.kind}`);
    this.outcome = outcome;
  }
}

/** Passes a file on while it is counted and hashed, and throws Refused where it must not be kept. */
export class CheckedStream implements ByteStream {
  readonly #source: ByteStream;
  readonly #bounds: PutBounds;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #digest: string | undefined;

  constructor(source: ByteStream, bounds: PutBounds) {
    this.#source = source;
    this.#bounds = bounds;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { maxBytes, expected } = this.#bounds;
    for await (const chunk of this.#source) {
      this.#bytes += chunk.length;
      if (this.#bytes > maxBytes) throw new Refused({ kind: "TOO_LARGE" });
      this.#hash.update(chunk);
      yield chunk;
    }
    if (this.#bytes === 0) throw new Refused({ kind: "EMPTY" });
    const digest = this.#hash.digest("hex");
    if (expected !== undefined && digest !== expected) throw new Refused({ kind: "OTHER_DIGEST", digest });
    this.#digest = digest;
  }

  /** What came, once all of it came. */
  result(): { digest: string; bytes: number } {
    if (this.#digest === undefined) throw new Error("the file has not come to its end");
    return { digest: this.#digest, bytes: this.#bytes };
  }
}
