import { TollgateError } from "../../core/errors.ts";

/** The promise, or DEADLINE_EXCEEDED at the deadline (on the clock of performance.now()), whichever comes first. */
export function withDeadline<T>(promise: Promise<T>, deadlineAt: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(deadlineExceeded()), Math.max(0, deadlineAt - performance.now()));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Whether it was withDeadline that threw this. */
export function isDeadlineExceeded(thrown: unknown): boolean {
  return thrown instanceof TollgateError && thrown.code === "DEADLINE_EXCEEDED";
}

export function deadlineExceeded(): TollgateError {
  return new TollgateError(
    "DEADLINE_EXCEEDED",
    "The answer was not ready at the deadline; nothing was charged. Try again, or allow more time.",
  );
}
