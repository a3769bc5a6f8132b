import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { messageOf } from "../../core/errors.ts";
import { isPublicAddress, literalAddress, publicLookup } from "./webhook-address.ts";

export interface WebhookRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** From the first look-up to the last byte that is read. */
  timeoutMs: number;
  allowPrivate: boolean;
}

/** What came back; without a code, nothing did. */
export interface WebhookResponse {
  code: number | undefined;
  start: string | undefined;
  error: string | undefined;
}

const keptBytes = 1_024;

/**
 * Posts once, on a connection of its own, to an address that was looked at. Never rejects. Follows no redirect, which
 * would lead past the look at the address, and reads no more of the answer than it keeps.
 */
export async function postWebhook(options: WebhookRequest): Promise<WebhookResponse> {
  try {
    const response = await open(options);
    const code = response.statusCode ?? 0;
    const start = await readStart(response);
    return { code, start, error: errorOf(code) };
  } catch (error) {
    return { code: undefined, start: undefined, error: reasonOf(error, options.timeoutMs) };
  }
}

function open({ url, headers, body, timeoutMs, allowPrivate }: WebhookRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const literal = literalAddress(target);
    if (!allowPrivate && literal !== undefined && !isPublicAddress(literal)) {
      return reject(new Error("The host is a private address."));
    }
    if (!allowPrivate && target.protocol !== "https:")
      return reject(new Error("The URL does not begin with https://."));
    const options: RequestOptions = {
      method: "POST",
      agent: false,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(allowPrivate ? {} : { lookup: publicLookup }),
    };
    const request: ClientRequest =
      target.protocol === "https:" ? requestHttps(target, options, resolve) : requestHttp(target, options, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= keptBytes) break; // leaving the loop ends the connection
  }
  const text = Buffer.concat(chunks).subarray(0, keptBytes).toString("utf8");
  return text.replace(/[\p{C}\uFFFD]/gu, (character) => (/[\n\t]/.test(character) ? character : "·"));
}

function errorOf(code: number): string | undefined {
  if (code >= 200 && code < 300) return undefined;
  if (code >= 300 && code < 400) return `It answered ${code}: redirects are not followed.`;
  return `It answered ${code}.`;
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const isTimeout = error instanceof Error && (error.name === "TimeoutError" || error.cause instanceof DOMException);
  return isTimeout ? `It did not answer within ${timeoutMs} ms.` : messageOf(error).slice(0, 300);
}
