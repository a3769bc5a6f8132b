import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether a browser says that a page of this very origin sent the request. A cookie proves nothing by itself: the browser
 * sends it along whoever made it ask. `Sec-Fetch-Site` is the browser's own word, which no page can write; it is missing
 * on plain HTTP to another machine, where `Origin` (or, on a plain GET, `Referer`) says the same, to the port.
 */
export function isOfOurPages(headers: IncomingHttpHeaders, host: string): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const source = headers.origin ?? headers.referer;
  return source !== undefined && URL.canParse(source) && new URL(source).host === host;
}
