import { lookup as lookUp } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { TollgateError } from "../../core/errors.ts";

const longestUrl = 2_048;

// Everything that is not somebody's place on the public internet: this machine, its networks, the cloud's metadata
// (169.254.169.254, fd00:ec2::254), multicast, and the ranges that carry an IPv4 address inside an IPv6 one. An address of ::ffff:0:0/96 is looked up as the
// IPv4 address in it; naming that range would match every IPv4 address.
const notPublic = blockListOf(
  ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ["224.0.0.0/4", "240.0.0.0/4"],
  ["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16"],
  ["3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
);

function blockListOf(...ranges: string[][]): BlockList {
  const list = new BlockList();
  for (const range of ranges.flat()) {
    const [network = "", prefix] = range.split("/");
    list.addSubnet(network, Number(prefix), isIP(network) === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

/** Whether the address is a place on the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !notPublic.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * The URL of an endpoint, as it will be asked. Throws INVALID_INPUT for one that cannot be, and, unless private ones are
 * allowed, for one without TLS or with a private address in it. What a name resolves to is looked at on each delivery.
 */
export function parseWebhookUrl(text: string, allowPrivate: boolean): string {
  const url = text.length <= longestUrl ? URL.parse(text) : null;
  if (url === null)
    throw invalid(`url is not a URL of at most ${longestUrl} characters, such as https://example.com/hooks.`);
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:"))
    throw invalid("url must begin with https://.");
  if (url.username !== "" || url.password !== "") throw invalid("url must not hold a user or password.");
  if (url.hash !== "") throw invalid("url must not have a fragment.");
  const literal = literalAddress(url);
  if (literal !== undefined && !allowPrivate && !isPublicAddress(literal)) throw invalid(notPublicMessage);
  return url.href;
}

const notPublicMessage = "url points to a private address; webhooks are sent to public ones only.";

function invalid(message: string): TollgateError {
  return new TollgateError("INVALID_INPUT", message);
}

/** The address that stands in the URL itself; undefined for a name. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? undefined : host;
}

/**
 * Resolves names for a connection, and refuses a name that stands for any private address. The connection is made to what
 * was looked at here, so a name that changes its mind between a check and the connection has no second chance.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, "");
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(new Error("The host's name stands for a private address."), "");
    }
    const [first] = addresses;
    return options.all === true ? callback(null, addresses) : callback(null, first?.address ?? "", first?.family);
  });
};
