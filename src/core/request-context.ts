import type { Abandoned } from "./abandonment.ts";
import { TollgateError } from "./errors.ts";
import { ofTenant, type PersonPrincipal, type Principal, type TenantPrincipal } from "./principal.ts";

/** What a resolver knows of the request that it works on. */
export interface RequestContext {
  requestId: string;
  /** Absent: the request came without a credential. One that came with a bad credential never gets this far. */
  principal: Principal | undefined;
  /** The caller's address, behind the trusted proxy where one is configured. */
  clientAddress: string;
  /** Fires when the caller has gone. */
  abandoned: Abandoned;
}

export function principalOf(context: Pick<RequestContext, "principal">): Principal {
  if (context.principal !== undefined) return context.principal;
  throw new TollgateError(
    "UNAUTHENTICATED",
    "Send a credential: `Authorization: Bearer <API key or access token>`. signIn gives an access token.",
  );
}

export function tenantPrincipalOf(context: RequestContext): TenantPrincipal {
  return ofTenant(principalOf(context));
}

/** The principal as a person; a machine is told that it is none. */
export function personOf(context: RequestContext): PersonPrincipal {
  const principal = principalOf(context);
  if (principal.kind !== "API_KEY") return principal;
  throw new TollgateError("FORBIDDEN", "An API key is not signed in. To end it, use revokeApiKey.");
}
