import type { IncomingHttpHeaders } from "node:http";
import { isOfOurPages } from "./same-origin.ts";
import { readSessionCookies } from "./session-cookies.ts";

/**
 * What a request is asked with, as an `Authorization` header. A header that was sent is always the one that counts. The
 * dashboard's cookie stands in for a missing one, only where the browser says that our own page asks: anywhere else it
 * counts as no credential.
 */
export function credentialOf(headers: IncomingHttpHeaders, host: string): string | undefined {
  if (headers.authorization !== undefined || headers.cookie === undefined) return headers.authorization;
  const { accessToken } = readSessionCookies(headers);
  return accessToken !== undefined && isOfOurPages(headers, host) ? `Bearer ${accessToken}` : undefined;
}
