import { randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { access, type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { ArtifactStore, ByteStream, PutBounds, PutOutcome } from "./artifact-store.ts";
import { CheckedStream, Refused } from "./checked-stream.ts";
import { codeOf } from "./error-code.ts";

/** How old a file that was never finished must be before it is taken for the rest of a process that was killed. */
const staleMs = 24 * 3_600_000;
const digestPattern = /^[0-9a-f]{64}$/;

/** Artifacts in a folder: `<first two of the digest>/<digest>`. Replicas on other machines need a folder that they share. */
export class FolderStore implements ArtifactStore {
  readonly #folder: string;
  readonly #incoming: string;
  #swept: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#incoming = path.join(folder, "incoming");
  }

  async has(digest: string): Promise<boolean> {
    return await access(this.#placeOf(digest), constants.R_OK).then(
      () => true,
      () => false,
    );
  }

  async put(source: ByteStream, bounds: PutBounds): Promise<PutOutcome> {
    await mkdir(this.#incoming, { recursive: true });
    this.#swept ??= this.#sweep();
    await this.#swept;
    const beside = path.join(this.#incoming, randomUUID());
    try {
      const { digest, bytes } = await writeAll(beside, new CheckedStream(source, bounds));
      const place = this.#placeOf(digest);
      await mkdir(path.dirname(place), { recursive: true });
      // Whole or not at all, also after a power cut: the bytes were synced before the name is given.
      await rename(beside, place);
      await syncFolder(path.dirname(place));
      return { kind: "KEPT", digest, bytes };
    } catch (error) {
      await rm(beside, { force: true });
      if (error instanceof Refused) return error.outcome;
      if (["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "")) return { kind: "NO_ROOM" };
      throw error;
    }
  }

  async read(digest: string): Promise<ByteStream> {
    const place = this.#placeOf(digest);
    await access(place, constants.R_OK);
    return createReadStream(place, { highWaterMark: 1024 * 1024 });
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#placeOf(digest), { force: true });
  }

  async *keptBefore(time: Date): AsyncIterable<string[]> {
    for (const group of await readdir(this.#folder).catch(() => [])) {
      if (!/^[0-9a-f]{2}$/.test(group)) continue;
      const names = (await readdir(path.join(this.#folder, group))).filter((name) => digestPattern.test(name));
      const isOld = await Promise.all(names.map(async (name) => (await this.#keptAt(name)) < time.getTime()));
      yield names.filter((_, i) => isOld[i]);
    }
  }

  close(): void {
    // It holds nothing open.
  }

  #placeOf(digest: string): string {
    if (!digestPattern.test(digest)) throw new Error(`${digest} is not a sha-256`);
    return path.join(this.#folder, digest.slice(0, 2), digest);
  }

  /** For ever, of what has gone meanwhile. */
  async #keptAt(digest: string): Promise<number> {
    const { mtimeMs } = await stat(this.#placeOf(digest)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    return mtimeMs;
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#incoming)) {
      const file = path.join(this.#incoming, name);
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (Date.now() - mtimeMs > staleMs) await rm(file, { force: true });
    }
  }
}

async function writeAll(file: string, source: CheckedStream): Promise<{ digest: string; bytes: number }> {
  const handle = await open(file, "wx", 0o600);
  try {
    for await (const chunk of source) await writeChunk(handle, chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return source.result();
}

async function writeChunk(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
