import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { base32 } from "../../core/ids.ts";
import type { Logger } from "../../platform/logger.ts";
import { StartError } from "../../platform/start-error.ts";

/** One key pair; `kid` is the name of its file. */
export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

// A key that was deleted from the folder is trusted for this long at the most, and a new one signs after it.
const rereadAfterMs = 10_000;
// Anyone can send a token with a made-up kid: this is how often that makes us look.
const rereadForUnknownKidAfterMs = 2_000;

/**
 * The keys that access tokens are signed with: a folder of `<kid>.pem`, shared by all replicas. The newest signs, all
 * verify. The folder is read again while the gateway runs, so keys are rotated by adding a file (`rotateSigningKeys`).
 */
export class SigningKeys {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: ReadonlyMap<string, SigningKey>;
  #readAt: number;
  #reading: Promise<void> | undefined;

  private constructor(options: { folder: string; clock: Clock; logger: Logger }, keys: SigningKey[]) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#keys = byKid(keys);
    this.#readAt = options.clock.now().getTime();
  }

  /** Reads the folder, after making it and a first key where there is none. Throws StartError if it cannot be used. */
  static async open(options: { folder: string; clock: Clock; logger: Logger }): Promise<SigningKeys> {
    const { folder, clock } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw new StartError(`The folder of the signing keys, ${folder}, cannot be made: ${messageOf(cause)}`, { cause });
    });
    let keys = await readSigningKeys(folder);
    if (keys.length === 0) {
      await addSigningKey(folder, clock.now());
      keys = await readSigningKeys(folder);
    }
    return new SigningKeys(options, keys);
  }

  /** The key to sign with. */
  async newest(): Promise<SigningKey> {
    await this.#readIfOlderThan(rereadAfterMs);
    const newest = [...this.#keys.values()].at(-1);
    if (newest === undefined) throw new Error("There is no signing key.");
    return newest;
  }

  /** The key to verify with. */
  async find(kid: string): Promise<SigningKey | undefined> {
    await this.#readIfOlderThan(this.#keys.has(kid) ? rereadAfterMs : rereadForUnknownKidAfterMs);
    return this.#keys.get(kid);
  }

  async #readIfOlderThan(ageMs: number): Promise<void> {
    // Not `<`: a clock that was set back would keep the folder from being read until it has caught up.
    if (Math.abs(this.#clock.now().getTime() - this.#readAt) < ageMs) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  /** A folder that cannot be read leaves the keys as they were: people who are signed in stay so. */
  async #read(): Promise<void> {
    this.#readAt = this.#clock.now().getTime();
    try {
      const keys = await readSigningKeys(this.#folder);
      if (keys.length === 0) throw new Error("It holds no key.");
      this.#keys = byKid(keys);
    } catch (error) {
      this.#logger.error({ folder: this.#folder, reason: messageOf(error) }, "signing keys not read again");
    }
  }
}

// A superseded key is kept until the last token that it can have signed has expired, with room for a slow clock.
const keepSupersededMs = 60 * 60_000;

/**
 * Adds a key, which the running gateways find within seconds, and deletes those that were superseded more than an hour
 * ago. Nobody is signed out. After a leak, delete the leaked file as well: its tokens are refused within seconds.
 * Throws StartError for a folder that is not there: keys that no gateway reads would be rotated.
 */
export async function rotateSigningKeys(folder: string, now: Date): Promise<{ added: string; deleted: string[] }> {
  const kids = (await readSigningKeys(folder)).map((key) => key.kid);
  const deleted = kids.filter((_, i) => {
    const successor = kids[i + 1];
    return successor !== undefined && now.getTime() - madeAt(successor) > keepSupersededMs;
  });
  const added = await addSigningKey(folder, now);
  await Promise.all(deleted.map((kid) => rm(path.join(folder, `${kid}.pem`), { force: true })));
  return { added, deleted };
}

/** Renamed into place, so that nobody reads half a key. */
async function addSigningKey(folder: string, now: Date): Promise<string> {
  const kid = `${now.toISOString().replace(/\D/g, "")}-${base32(randomBytes(5))}`;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const file = path.join(folder, `${kid}.pem`);
  const unfinished = `${file}.new`;
  await writeFile(unfinished, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
  await rename(unfinished, file);
  return kid;
}

/** When a key was made: its kid begins with it, to the millisecond, so that kids sort by age. */
function madeAt(kid: string): number {
  const [, year, month, day, hour, minute, second, ms] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})-/.exec(kid)?.map(Number) ?? [];
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second, ms);
}

/** The keys in the folder, oldest first. Throws StartError for one that is no key. */
async function readSigningKeys(folder: string): Promise<SigningKey[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new StartError(`The folder of the signing keys, ${folder}, cannot be read: ${messageOf(cause)}`, { cause });
  });
  const kids = names.flatMap((name) => /^(\d{17}-[0-9a-z]{8})\.pem$/.exec(name)?.[1] ?? []).sort();
  return await Promise.all(kids.map((kid) => readSigningKey(path.join(folder, `${kid}.pem`), kid)));
}

async function readSigningKey(file: string, kid: string): Promise<SigningKey> {
  try {
    const privateKey = createPrivateKey(await readFile(file));
    if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("It is not on the curve P-256.");
    return { kid, privateKey, publicKey: createPublicKey(privateKey) };
  } catch (cause) {
    throw new StartError(`${file} is no signing key. Delete it, or put a PEM of a P-256 private key there.`, { cause });
  }
}

function byKid(keys: SigningKey[]): ReadonlyMap<string, SigningKey> {
  return new Map(keys.map((key) => [key.kid, key]));
}
