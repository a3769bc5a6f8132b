import { createHash, randomFillSync } from "node:crypto";

/** What an id names. The prefix says so to whoever reads it in a log. */
export const idPrefixes = {
  tenant: "ten",
  user: "usr",
  signIn: "sgn",
  refreshToken: "rft",
  invitation: "ivt",
  apiKey: "key",
  plan: "pln",
  planVersion: "plv",
  limit: "lim",
  subscription: "sub",
  model: "mod",
  modelVersion: "mdv",
  alias: "als",
  aliasRevision: "alr",
  artifact: "art",
  inference: "inf",
  usageEvent: "use",
  /** A usage event that takes another back: the same id under this prefix, so there is one at the most. */
  reversal: "rev",
  auditEvent: "aud",
  invoice: "inv",
  invoiceLine: "inl",
  creditGrant: "crg",
  creditUse: "cru",
  job: "job",
  dataset: "dts",
  webhookEndpoint: "whe",
  webhookDelivery: "whd",
  /** What a webhook tells of: its receiver knows it by this, however often it is sent. */
  webhookEvent: "evt",
  request: "req",
  instance: "gtw",
} as const;

export type IdKind = keyof typeof idPrefixes;

// Crockford's alphabet: no i, l, o or u, so that an id survives being read aloud; its order is that of the values.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A new id such as `ten_01kavq…`: 48 bits of milliseconds, then 80 random bits, in 26 characters of base32. Ids of one
 * kind sort by the time they were made, to the millisecond.
 */
export function newId(kind: IdKind): string {
  return `${idPrefixes[kind]}_${sortableId(Date.now())}`;
}

/**
 * The id that always comes of the same source and name: whoever does a thing twice names it the same both times. Of the
 * source's own time, so it sorts with what was made then.
 */
export function derivedId(kind: IdKind, sourceId: string, name: string): string {
  const time = sourceId.slice(sourceId.indexOf("_") + 1).slice(0, 10);
  const digest = createHash("sha256").update(`${kind} ${sourceId} ${name}`).digest();
  return `${idPrefixes[kind]}_${time}${base32(digest.subarray(0, 10))}`;
}

// Asked for in advance: the system's random bytes cost a call each time, however few they are.
const randomPool = new Uint8Array(10 * 512);
let randomUsed = randomPool.length;

function tenRandomBytes(): Uint8Array {
  if (randomUsed === randomPool.length) {
    randomFillSync(randomPool);
    randomUsed = 0;
  }
  randomUsed += 10;
  return randomPool.subarray(randomUsed - 10, randomUsed);
}

export function isId(kind: IdKind, text: string): boolean {
  const [prefix, body] = text.split("_");
  return prefix === idPrefixes[kind] && body !== undefined && /^[0-9a-hjkmnp-tv-z]{26}$/.test(body);
}

function sortableId(timeMs: number): string {
  let time = "";
  for (let rest = timeMs, place = 0; place < 10; place++, rest = Math.floor(rest / 32))
    time = alphabet[rest % 32] + time;
  return time + base32(tenRandomBytes());
}

/** Crockford base32 of whole groups of five bytes: eight characters for each. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= 255;
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}
