import { randomBytes } from "node:crypto";
import argon2 from "@node-rs/argon2";
import { TollgateError } from "../../core/errors.ts";
import { base32 } from "../../core/ids.ts";
import { BoundedWork } from "../../platform/bounded-work.ts";

/** What one argon2id hash costs. */
export interface PasswordCost {
  memoryKib: number;
  passes: number;
}

/** OWASP's first choice for argon2id (19 MiB, two passes, one lane): about 30 ms of one core, for us as for a thief. */
const standardCost: PasswordCost = { memoryKib: 19_456, passes: 2 };

// Two of libuv's four threads at the most: files and name look-ups share them. In line, about half a second of work.
const standardBounds = { atOnce: 2, maxWaiting: 32 };

/** Lengths of a password. A limit above, because what is hashed is paid for by us. */
const shortest = 12;
const longest = 256;

/** Hashes and checks passwords. Throws OVERLOADED at once when too many wait already. */
export class Passwords {
  readonly #cost: PasswordCost;
  readonly #work: BoundedWork;
  readonly #decoy: string;

  constructor(options: { cost?: PasswordCost; bounds?: { atOnce: number; maxWaiting: number } } = {}) {
    this.#cost = options.cost ?? standardCost;
    this.#work = new BoundedWork({ ...(options.bounds ?? standardBounds), what: "passwords are being checked" });
    this.#decoy = decoyHash(this.#cost);
  }

  async hash(password: string): Promise<string> {
    const cost = { memoryCost: this.#cost.memoryKib, timeCost: this.#cost.passes, parallelism: 1 };
    return await this.#work.run(() => argon2.hash(normalize(password), cost));
  }

  /** Whether the hash is the password's. Without a hash the answer is no, at the same cost as any other. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const matches = await this.#work.run(() => argon2.verify(hash ?? this.#decoy, normalize(password)));
    return matches && hash !== undefined;
  }
}

/** A hash that no password has: checking against it takes as long as against a real one. */
function decoyHash(cost: PasswordCost): string {
  const unpadded = (bytes: number) => randomBytes(bytes).toString("base64").replace(/=+$/, "");
  return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=1$${unpadded(16)}$${unpadded(32)}`;
}

/** The same characters typed on another keyboard are the same password (NIST SP 800-63B). */
function normalize(password: string): string {
  return password.normalize("NFKC");
}

/** A password that nobody chose: 120 random bits, in groups that can be read aloud. */
export function generatePassword(): string {
  return base32(randomBytes(15)).replace(/(.{6})(?!$)/g, "$1-");
}

/** Throws INVALID_INPUT for a password that may not be chosen; never quotes it. */
export function checkNewPassword(password: string): void {
  if (password.length < shortest)
    throw new TollgateError("INVALID_INPUT", `The password is too short; it needs at least ${shortest} characters.`);
  checkPasswordLength(password);
}

/** Throws INVALID_INPUT for a password that is longer than any that can be chosen. */
export function checkPasswordLength(password: string): void {
  if (password.length <= longest) return;
  throw new TollgateError("INVALID_INPUT", `The password is longer than ${longest} characters.`);
}
