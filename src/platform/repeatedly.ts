import { messageOf } from "../core/errors.ts";
import type { Logger } from "./logger.ts";

/** Does the work every so often until it is stopped, never twice at once. A failure is logged and the next time comes. */
export function repeatedly(
  options: { everyMs: number; name: string; logger: Logger },
  work: () => Promise<void> | void,
): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= Promise.resolve()
      .then(work)
      .catch((error: unknown) =>
        options.logger.warn({ err: error, reason: messageOf(error) }, `${options.name} failed`),
      )
      .finally(() => {
        running = undefined;
      });
  }, options.everyMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
