import { BlockList, isIPv4, isIPv6 } from "node:net";
import { TollgateError } from "../../core/errors.ts";

interface Cidr {
  address: string;
  prefix: number;
  family: "ipv4" | "ipv6";
}

const maxCidrs = 100;

/**
 * The ranges as they are stored: an IPv4 range written as IPv6 (`::ffff:10.0.0.0/104`) becomes the IPv4 range that it is.
 * Throws INVALID_INPUT that names the first one that cannot be.
 */
export function checkCidrs(cidrs: string[]): string[] {
  if (cidrs.length > maxCidrs) {
    throw new TollgateError("INVALID_INPUT", `allowedCidrs has ${cidrs.length} entries; the limit is ${maxCidrs}.`);
  }
  return [...new Set(cidrs.map((text, index) => textOf(checkCidr(text, `allowedCidrs[${index}]`))))];
}

/** Decides whether an address lies in one of the ranges. */
export function cidrMatcher(cidrs: string[]): (address: string) => boolean {
  // A list for each family: in one list, `::/0` would let every IPv4 address in as well.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of cidrs) {
    const cidr = parseCidr(text);
    // A range that was written into the row by hand and cannot be one lets nobody in.
    if (cidr !== undefined) lists[cidr.family].addSubnet(cidr.address, cidr.prefix, cidr.family);
  }
  return (address) => {
    // A link-local peer's address comes with the interface that it was seen on.
    const [plain = ""] = address.split("%");
    if (isIPv4(plain)) return lists.ipv4.check(plain, "ipv4");
    if (!isIPv6(plain)) return false;
    // IPv4 callers on an IPv6 socket (::ffff:10.0.0.1) are compared with the IPv4 ranges, which BlockList can do.
    return isIPv4InIPv6(bitsOfIPv6(plain)) ? lists.ipv4.check(plain, "ipv6") : lists.ipv6.check(plain, "ipv6");
  };
}

function checkCidr(text: string, name: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    throw new TollgateError(
      "INVALID_INPUT",
      `${name} is ${JSON.stringify(text.slice(0, 60))}; it must be a range such as 203.0.113.0/24, 203.0.113.7/32 or 2001:db8::/32.`,
    );
  }
  if (hasHostBits(cidr)) {
    throw new TollgateError(
      "INVALID_INPUT",
      `${name} is ${text}, which has bits set beyond its first ${text.split("/")[1]}. Write the first address of the range.`,
    );
  }
  return cidr;
}

function parseCidr(text: string): Cidr | undefined {
  const [, address = "", digits = ""] = /^([0-9a-fA-F:.]{2,45})\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const prefix = Number(digits);
  if (isIPv4(address) && prefix <= 32) return { address, prefix, family: "ipv4" };
  if (!isIPv6(address) || prefix > 128) return undefined;
  const bits = bitsOfIPv6(address);
  if (!isIPv4InIPv6(bits) || prefix < 96) return { address: address.toLowerCase(), prefix, family: "ipv6" };
  return { address: dotted(bits & 0xffff_ffffn), prefix: prefix - 96, family: "ipv4" };
}

function textOf({ address, prefix }: Cidr): string {
  return `${address}/${prefix}`;
}

function hasHostBits({ address, prefix, family }: Cidr): boolean {
  const [bits, width] = family === "ipv4" ? [bitsOfIPv4(address), 32] : [bitsOfIPv6(address), 128];
  return (bits & ((1n << BigInt(width - prefix)) - 1n)) !== 0n;
}

/** Whether it is of `::ffff:0:0/96`. */
function isIPv4InIPv6(bits: bigint): boolean {
  return bits >> 32n === 0xffffn;
}

function bitsOfIPv4(address: string): bigint {
  return address.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

/** Of an address that isIPv6 has accepted. */
function bitsOfIPv6(address: string): bigint {
  const [head = "", tail] = address.split("::");
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array<bigint>(8 - first.length - last.length).fill(0n);
  return [...first, ...zeros, ...last].reduce((bits, group) => (bits << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [BigInt(`0x${group}`)];
    const bits = bitsOfIPv4(group);
    return [bits >> 16n, bits & 0xffffn];
  });
}

function dotted(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
}
