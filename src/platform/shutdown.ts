/** Within this, a second SIGINT is the first one again: the terminal sends it to the whole group, and npm passes its own on. */
const sameKeyPressMs = 1_000;

/**
 * Resolves with the first signal that asks the process to stop. Ctrl-C once more, later, ends it at once: whoever presses
 * it again does not want to wait.
 */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stoppingSince: number | undefined;
    const stop = (signal: NodeJS.Signals) => {
      const now = performance.now();
      if (stoppingSince !== undefined && signal === "SIGINT" && now - stoppingSince > sameKeyPressMs) process.exit(130);
      stoppingSince ??= now;
      resolve(signal);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}
