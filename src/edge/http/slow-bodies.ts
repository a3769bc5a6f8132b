import type { FastifyInstance } from "fastify";

const bodyTimeoutMs = 60_000;

/**
 * Ends the connection of whoever takes longer to send a body, so that half-sent requests cannot pile up. Files are given
 * the server's own, longer time: theirs are bounded in number, and asked for only after it is known who sends them.
 */
export function refuseSlowBodies(server: FastifyInstance): void {
  server.addHook("onRequest", (request, _reply, done) => {
    const { headers, method, url } = request.raw;
    const isFile =
      (method === "PUT" && url?.startsWith("/artifacts/")) ||
      headers["content-type"]?.startsWith("multipart/form-data");
    if (!isFile && hasBody(headers)) {
      const timer = setTimeout(() => request.raw.destroy(), bodyTimeoutMs);
      request.raw.once("close", () => clearTimeout(timer));
    }
    done();
  });
}

function hasBody(headers: {
  "content-length"?: string | undefined;
  "transfer-encoding"?: string | undefined;
}): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
