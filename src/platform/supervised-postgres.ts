import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../core/errors.ts";
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "./embedded-postgres.ts";

const lookEveryMs = 500;
const retryAfterMs = 2_000;

/**
 * The embedded Postgres for a process that stays: when the server ends without being asked to (killed for its memory, or
 * by hand), it is started again in the same place, so that whoever has its URL reaches it as before. Until then whoever
 * asks it is refused, as with any database that is away.
 */
export async function startSupervisedPostgres(
  options: EmbeddedPostgresOptions,
  warn: (line: string) => void,
): Promise<EmbeddedPostgres> {
  const first = await startEmbeddedPostgres(options);
  const stopping = new AbortController();
  let server = first;
  const sleep = (ms: number) => pause(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

  const watch = async () => {
    for (; !stopping.signal.aborted; await sleep(lookEveryMs)) {
      if (await server.isRunning()) continue;
      warn(`Postgres ${server.pid} ended by itself: starting it again`);
      try {
        server = await startEmbeddedPostgres({ ...options, port: first.port });
      } catch (error) {
        warn(`Postgres could not be started again, and will be tried again: ${messageOf(error)}`);
        await sleep(retryAfterMs);
      }
    }
  };
  const watching = watch();

  const stop = async () => {
    stopping.abort();
    await watching;
    await server.stop();
  };
  return { ...first, stop };
}
