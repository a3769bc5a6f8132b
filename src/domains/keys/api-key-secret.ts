import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { TollgateError } from "../../core/errors.ts";
import { base32, newId } from "../../core/ids.ts";

/** A new key's id with what its holder gets, what is stored of it and what is shown of it. */
export interface MadeApiKey {
  id: string;
  /** All of `tg_live_<id>_<secret><checksum>`: what the holder sends. It is not kept. */
  credential: string;
  secretHash: Uint8Array<ArrayBuffer>;
  prefix: string;
}

export interface PresentedApiKey {
  id: string;
  secretHash: Uint8Array<ArrayBuffer>;
}

/** What every API key begins with; an access token never does. */
export const apiKeyMark = "tg_";

const start = "tg_live_";
// 160 bits in 32 characters of base32.
const secretBytes = 20;
const checksumLength = 6;
// The id's ten characters of time and four of its random ones.
const shownLength = start.length + 14;
const shape = /^tg_live_([0-9a-hjkmnp-tv-z]{26})_([0-9a-hjkmnp-tv-z]{32})[0-9a-hjkmnp-tv-z]{6}$/;

export function makeApiKey(): MadeApiKey {
  const id = newId("apiKey");
  const secret = base32(randomBytes(secretBytes));
  const body = `${start}${id.slice("key_".length)}_${secret}`;
  return {
    id,
    credential: body + checksumOf(body),
    secretHash: hashOf(secret),
    prefix: body.slice(0, shownLength),
  };
}

/** Throws UNAUTHENTICATED for what was cut off or mistyped: no question to the database is needed to know that. */
export function parseApiKey(credential: string): PresentedApiKey {
  const parts = shape.exec(credential);
  if (parts === null) {
    throw new TollgateError(
      "UNAUTHENTICATED",
      `The API key is not whole: one is ${start}, 26 characters, _ and 38 more. Copy it again, all of it.`,
    );
  }
  const [, id = "", secret = ""] = parts;
  if (checksumOf(credential.slice(0, -checksumLength)) !== credential.slice(-checksumLength)) {
    throw new TollgateError(
      "UNAUTHENTICATED",
      "The API key has a typo: its checksum does not match. Copy it again, all of it.",
    );
  }
  return { id: `key_${id}`, secretHash: hashOf(secret) };
}

/** 30 of CRC-32's bits. Every change of one character, or of two neighbours into each other, changes them (tested). */
function checksumOf(body: string): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return base32(sum).slice(0, checksumLength);
}

// By way of hex: half the time of asking `hash` for bytes.
function hashOf(secret: string): Uint8Array<ArrayBuffer> {
  return Buffer.from(hash("sha256", secret, "hex"), "hex");
}
