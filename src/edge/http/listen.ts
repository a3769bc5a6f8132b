import { isIPv6 } from "node:net";
import type { FastifyInstance } from "fastify";
import { messageOf } from "../../core/errors.ts";
import { codeOf } from "../../platform/error-code.ts";
import { StartError } from "../../platform/start-error.ts";

interface Address {
  host: string;
  port: number;
}

/** Opens the door, and returns where it is. Throws StartError where it cannot be opened. */
export async function listen(server: FastifyInstance, { host, port }: Address): Promise<string> {
  try {
    await server.listen({ port, host });
  } catch (error) {
    throw listenFailure(error, { host, port });
  }
  const address = server.server.address();
  const opened = typeof address === "object" && address !== null ? address.port : port;
  const isLocal = host === "127.0.0.1" || host === "0.0.0.0" || host === "::" || host === "::1";
  const named = isIPv6(host) ? `[${host}]` : host;
  return `http://${isLocal ? "localhost" : named}:${opened}`;
}

/**
 * Shuts the door: takes no new connection, lets every request that is inside finish, and returns when all are gone.
 * A client that keeps its connection open has it closed as soon as it is idle, and whatever is left after the time is cut.
 */
export async function shut(server: FastifyInstance, withinMs: number): Promise<void> {
  const closed = server.close();
  // Node closes what is idle when the closing begins; a connection that becomes idle later would stay for its keep-alive.
  const sweep = setInterval(() => server.server.closeIdleConnections(), 25);
  const cut = setTimeout(() => server.server.closeAllConnections(), withinMs);
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}

function listenFailure(cause: unknown, { host, port }: Address): StartError {
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return new StartError(
        `Port ${port} on ${host} is in use. Stop what uses it, or choose another: PORT=4001 npm start.`,
        { cause },
      );
    case "EACCES":
      return new StartError(`This user may not listen on port ${port}. Choose one above 1023 with PORT.`, { cause });
    default:
      return new StartError(`The gateway cannot listen on ${host}:${port}: ${messageOf(cause)}. Check HOST and PORT.`, {
        cause,
      });
  }
}
