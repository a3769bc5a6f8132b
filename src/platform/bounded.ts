/**
 * Waits for the work, but no longer than the time, nor past the signal. The work itself goes on; what it comes to is then
 * nobody's business.
 */
export function bounded<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    const timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms.`)), ms);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      then();
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
  });
}
