// Run in a namespace of its own, on a disk of a few hundred kilobytes: puts a larger file there, and a smaller one after it.
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ByteStream } from "../../src/platform/artifact-store.ts";
import { FolderStore } from "../../src/platform/artifact-store-folder.ts";

const [, , folder = ""] = process.argv;
const store = new FolderStore(folder);
const bounds = { maxBytes: 1e9, expected: undefined };

function fileOf(bytes: number): ByteStream {
  return Readable.from([new Uint8Array(bytes).fill(7)], { objectMode: true });
}

const large = await store.put(fileOf(4_000_000), bounds);
const left = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
const small = await store.put(fileOf(1_000), bounds);
const digest = createHash("sha256").update(new Uint8Array(1_000).fill(7)).digest("hex");
process.stdout.write(JSON.stringify({ large, left: left.length, small, isThere: await store.has(digest) }));
