import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ArtifactStore, type ByteStream, readWhole } from "../../../src/platform/artifact-store.ts";
import { openArtifactStore } from "../../../src/platform/open-artifact-store.ts";
import { S3Server } from "../../support/s3-server.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tollgate-artifacts-"));
let s3: S3Server;

beforeAll(async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "somebody");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "something");
  s3 = await S3Server.start();
});

afterAll(async () => {
  await s3.close();
  rmSync(directory, { recursive: true });
});

const unbounded = { maxBytes: 1e9, expected: undefined };
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function streamOf(bytes: Uint8Array, size = 65_536): ByteStream {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return Readable.from(chunks, { objectMode: true });
}

function broken(): ByteStream {
  return new Readable({
    read() {
      this.destroy(new Error("the sender left"));
    },
  });
}

describe.each(["a folder", "a bucket"])("%s", (kind) => {
  const open = async (purpose = "models"): Promise<ArtifactStore> =>
    await openArtifactStore({ address: kind === "a bucket" ? s3.address : undefined, dataDir: directory, purpose });
  const heldFiles = () =>
    kind === "a bucket"
      ? [...s3.objects.keys(), ...s3.uploads.keys()]
      : readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

  test("keeps what it was given under its digest, and gives it back whole", async () => {
    const store = await open();
    const file = Buffer.alloc(20_000_000, "tollgate"); // several parts of a multipart upload
    const digest = digestOf(file);
    expect(await store.has(digest)).toBe(false);
    expect(await store.put(streamOf(file), { ...unbounded, expected: digest })).toEqual({
      kind: "KEPT",
      digest,
      bytes: file.length,
    });
    expect(await store.has(digest)).toBe(true);
    expect(Buffer.compare(await readWhole(store, digest), file)).toBe(0);
    expect(await (await open("datasets")).has(digest)).toBe(false);
    await store.remove(digest);
    expect(await store.has(digest)).toBe(false);
    await expect(readWhole(store, digest)).rejects.toThrow();
    await store.remove(digest);
  });

  test("keeps nothing of what is too large, empty, another file, or breaks off", async () => {
    const store = await open();
    const before = heldFiles().length;
    const file = Buffer.alloc(9_000_000, 1);
    expect(await store.put(streamOf(file), { ...unbounded, maxBytes: 8_999_999 })).toEqual({ kind: "TOO_LARGE" });
    expect(await store.put(streamOf(new Uint8Array()), unbounded)).toEqual({ kind: "EMPTY" });
    expect(await store.put(streamOf(file), { ...unbounded, expected: "0".repeat(64) })).toEqual({
      kind: "OTHER_DIGEST",
      digest: digestOf(file),
    });
    await expect(store.put(broken(), unbounded)).rejects.toThrow("the sender left");
    expect(heldFiles()).toHaveLength(before);
  });

  test("lets many write the same bytes at once", async () => {
    const store = await open();
    const file = Buffer.alloc(300_000, 3);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.put(streamOf(file, 1_000), unbounded)));
    expect(outcomes).toEqual(Array(8).fill({ kind: "KEPT", digest: digestOf(file), bytes: file.length }));
    expect(Buffer.compare(await readWhole(store, digestOf(file)), file)).toBe(0);
  });

  test("tells of what it has kept for long, and of nothing else", async () => {
    const store = await open("others");
    const digests: string[] = [];
    for (let size = 1; size <= 6; size++) {
      const file = Buffer.alloc(size, size);
      digests.push(digestOf(file));
      await store.put(streamOf(file), unbounded);
    }
    const old = digests.slice(0, 5).sort();
    const longAgo = new Date(Date.now() - 100_000);
    for (const digest of old) {
      if (kind === "a bucket") s3.keptAt.set(`some/prefix/others/${digest}`, longAgo);
      else utimesSync(path.join(directory, "artifacts/others", digest.slice(0, 2), digest), longAgo, longAgo);
    }
    const told: string[] = [];
    for await (const some of store.keptBefore(new Date(Date.now() - 50_000))) told.push(...some);
    expect(told.sort()).toEqual(old);
  });
});

test("a bucket takes a large file in parts, none of which is held longer than it takes to send it", () => {
  expect(s3.asked.filter((asked) => asked === "PUT ?partNumber").length).toBeGreaterThanOrEqual(3);
  expect(s3.uploads.size).toBe(0);
});

test("a file whose bytes were damaged in the store is not given out", async () => {
  const store: Pick<ArtifactStore, "read"> = { read: () => Promise.resolve(streamOf(Buffer.from("other"))) };
  await expect(readWhole(store, digestOf(Buffer.from("one")))).rejects.toThrow(/the store has damaged it/);
});

test("on a full disk, a file is refused as such, nothing of it stays, and the next one that fits is kept", () => {
  const place = mkdtempSync(path.join(directory, "full-"));
  const script = path.resolve(import.meta.dirname, "../../support/full-disk.ts");
  // A namespace of its own, in which whoever runs the tests may mount a disk of half a megabyte.
  const apart = "unshare";
  const command = 'mount -t tmpfs -o size=512k tmpfs "$1" && exec "$2" "$3" "$1"';
  const output = execFileSync(apart, ["-Urm", "sh", "-c", command, "full", place, process.execPath, script], {
    encoding: "utf8",
  });
  expect(JSON.parse(output)).toMatchObject({
    large: { kind: "NO_ROOM" },
    left: 0,
    small: { kind: "KEPT", bytes: 1_000 },
    isThere: true,
  });
});
