import { AsyncLocalStorage } from "node:async_hooks";

const scope = new AsyncLocalStorage<string>();

/** Runs the work under a request id, so that an error can name it even where Apollo has no context for it yet. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return scope.run(requestId, work);
}

export function currentRequestId(): string {
  return scope.getStore() ?? "";
}
