import type { IncomingHttpHeaders } from "node:http";

/** What a signed-in browser carries: both are out of reach of scripts and are sent from our own pages only. */
export interface SessionCookies {
  accessToken: string | undefined;
  refreshToken: string | undefined;
}

/** The access token, for everything; it dies with the token. */
const accessName = "tollgate_access";
/** The refresh token, sent only to where it can be used. */
const refreshName = "tollgate_refresh";
export const sessionPath = "/session";

const refreshMaxAgeSeconds = 30 * 24 * 60 * 60;

export function readSessionCookies(headers: IncomingHttpHeaders): SessionCookies {
  const cookies = new Map((headers.cookie ?? "").split(";").map(nameAndValue));
  return { accessToken: cookies.get(accessName) || undefined, refreshToken: cookies.get(refreshName) || undefined };
}

function nameAndValue(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair.trim(), ""] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/** `Set-Cookie` headers for tokens that were just handed out. Their alphabets need no escaping. */
export function sessionCookies(
  tokens: { accessToken: string; refreshToken: string; expiresAt: Date },
  { now, isSecure }: { now: Date; isSecure: boolean },
): string[] {
  const accessSeconds = Math.max(0, Math.floor((tokens.expiresAt.getTime() - now.getTime()) / 1000));
  return [
    cookie(accessName, tokens.accessToken, { path: "/", maxAgeSeconds: accessSeconds, isSecure }),
    cookie(refreshName, tokens.refreshToken, { path: sessionPath, maxAgeSeconds: refreshMaxAgeSeconds, isSecure }),
  ];
}

/** `Set-Cookie` headers that end the browser's session. */
export function endedSessionCookies(isSecure: boolean): string[] {
  return [
    cookie(accessName, "", { path: "/", maxAgeSeconds: 0, isSecure }),
    cookie(refreshName, "", { path: sessionPath, maxAgeSeconds: 0, isSecure }),
  ];
}

interface Attributes {
  path: string;
  maxAgeSeconds: number;
  isSecure: boolean;
}

function cookie(name: string, value: string, { path, maxAgeSeconds, isSecure }: Attributes): string {
  const attributes = [`Path=${path}`, `Max-Age=${maxAgeSeconds}`, "HttpOnly", "SameSite=Strict"];
  return [`${name}=${value}`, ...attributes, ...(isSecure ? ["Secure"] : [])].join("; ");
}
