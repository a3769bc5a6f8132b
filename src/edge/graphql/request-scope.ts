import { AsyncLocalStorage } from "node:async_hooks";
import type { Principal } from "../../core/principal.ts";

interface RequestScope {
  id: string;
  principal: Principal | undefined;
}

const scope = new AsyncLocalStorage<RequestScope>();

/** Runs the work as a request's, so that an error can name it and whose it is even where Apollo has no context for it yet. */
export function withRequest<T>(request: RequestScope, work: () => T): T {
  return scope.run({ id: request.id, principal: request.principal }, work);
}

export function currentRequestId(): string {
  return scope.getStore()?.id ?? "";
}

export function currentPrincipal(): Principal | undefined {
  return scope.getStore()?.principal;
}
