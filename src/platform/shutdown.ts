/** Within this, a second SIGINT is the first one again: the terminal sends it to the whole group, and npm passes its own on. */
const sameKeyPressMs = 1_000;

/** The wish that the process stops, as a signal brings it. */
export interface StopRequest {
  isMade(): boolean;
  /** Resolves with the first signal. */
  made: Promise<NodeJS.Signals>;
}

/**
 * Listens for the signals that ask the process to stop. From then on none of them ends it by itself, so it is called
 * before there is anything that has to be stopped in order. Ctrl-C once more, later, does end it at once: whoever presses
 * it again does not want to wait.
 */
export function listenForStop(): StopRequest {
  let stoppingSince: number | undefined;
  const made = new Promise<NodeJS.Signals>((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      const now = performance.now();
      if (stoppingSince !== undefined && signal === "SIGINT" && now - stoppingSince > sameKeyPressMs) process.exit(130);
      stoppingSince ??= now;
      resolve(signal);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
  return { made, isMade: () => stoppingSince !== undefined };
}
