import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NotFound,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { ArtifactStore, ByteStream, PutBounds, PutOutcome } from "./artifact-store.ts";
import { CheckedStream, Refused } from "./checked-stream.ts";

const partBytes = 8 * 1024 * 1024;

/**
 * Artifacts in a bucket that speaks S3: `s3://bucket/prefix?region=…&endpoint=…`. Credentials come by the SDK's usual
 * chain: environment, profile, or the machine's role.
 *
 * The digest is known only at a file's end, so it is written under a name of its own and then copied to its digest: a
 * multipart upload that ends early, or brings other bytes, never stands under one.
 */
export class BucketStore implements ArtifactStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(address: URL, purpose: string) {
    const endpoint = address.searchParams.get("endpoint");
    const region = address.searchParams.get("region");
    this.#client = new S3Client({
      ...(region === null ? {} : { region }),
      // Names a store of one's own, which rarely has a host name for each bucket.
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      // Stores other than Amazon's do not all know the checksums that newer clients add unasked.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      maxAttempts: 3,
    });
    this.#bucket = address.hostname;
    this.#prefix = [...address.pathname.split("/").filter((part) => part !== ""), purpose].join("/");
  }

  async has(digest: string): Promise<boolean> {
    try {
      await this.#client.send(new HeadObjectCommand(this.#object(digest)));
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  }

  async put(source: ByteStream, bounds: PutBounds): Promise<PutOutcome> {
    const incoming = this.#object(`incoming/${randomUUID()}`);
    const checked = new CheckedStream(source, bounds);
    try {
      await new Upload({
        client: this.#client,
        params: { ...incoming, Body: Readable.from(checked, { objectMode: false }) },
        partSize: partBytes,
        queueSize: 2,
      }).done();
      const { digest, bytes } = checked.result();
      const from = encodeURI(`${incoming.Bucket}/${incoming.Key}`);
      await this.#client.send(new CopyObjectCommand({ ...this.#object(digest), CopySource: from }));
      return { kind: "KEPT", digest, bytes };
    } catch (error) {
      if (error instanceof Refused) return error.outcome;
      throw error;
    } finally {
      // An upload that failed was aborted and left no object: there is nothing to delete then, and no harm in asking.
      await this.#client.send(new DeleteObjectCommand(incoming)).catch(() => undefined);
    }
  }

  async read(digest: string): Promise<ByteStream> {
    const { Body: body } = await this.#client.send(new GetObjectCommand(this.#object(digest)));
    if (body instanceof Readable) return body;
    throw new Error(`the artifact ${digest} came without a body`);
  }

  async remove(digest: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#object(digest)));
  }

  async *keptBefore(time: Date): AsyncIterable<string[]> {
    const prefix = `${this.#prefix}/`;
    for (let from: string | undefined, isMore = true; isMore; ) {
      const page = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: from }),
      );
      yield (page.Contents ?? []).flatMap(({ Key: key = "", LastModified: keptAt }) => {
        const digest = key.slice(prefix.length);
        return /^[0-9a-f]{64}$/.test(digest) && keptAt !== undefined && keptAt < time ? [digest] : [];
      });
      from = page.NextContinuationToken;
      isMore = page.IsTruncated === true;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  #object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}/${name}` };
  }
}
