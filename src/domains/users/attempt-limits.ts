import { createHash } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";

/** What sign-in attempts are counted by. */
export interface AttemptSubjects {
  account: string;
  address: string;
}

/**
 * Attempts in each stretch of 15 minutes. An account's limit can be used to keep its owner from signing in anew (not from
 * refreshing); a few guesses more or less are worth less than guessing without end. An address gets more: an office is one.
 */
export const attemptLimits = { account: 10, address: 60, stretchMs: 15 * 60_000 } as const;

/**
 * The account is counted by a hash of the e-mail, whether there is such a user or not: people type passwords into the
 * field for e-mails, and the table keeps no text of theirs.
 */
export function attemptSubjects(email: string, clientAddress: string): AttemptSubjects {
  const digest = createHash("sha256").update(email).digest("base64url");
  return { account: `account:${digest}`, address: `address:${networkOf(clientAddress)}` };
}

/** An IPv6 caller holds a /64 at least, so that is counted; an IPv4 address written as IPv6 is the IPv4 address. */
export function networkOf(address: string): string {
  const bare = address.split("%")[0] ?? "";
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return isIPv6(bare) ? `${firstGroups(bare).join(":")}::/64` : bare.slice(0, 64);
}

/** The first four groups of an IPv6 address, without leading zeros. */
function firstGroups(address: string): string[] {
  const [left = "", right] = address.toLowerCase().split("::");
  const groups = left === "" ? [] : left.split(":");
  // The gap stands for as many zeros as are missing; a dotted tail is two groups long, and lies beyond the fourth.
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const gap = right === undefined ? 0 : 8 - groups.length - tail.length - (right.includes(".") ? 1 : 0);
  const all = [...groups, ...Array<string>(gap).fill("0"), ...tail];
  return all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
}
