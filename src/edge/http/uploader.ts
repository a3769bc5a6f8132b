import { TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import { requirePermission } from "../graphql/authorize.ts";

/** Whoever sends a file has to be known, and allowed to, before a byte of it is read. */
export function requireUploader(principal: Principal | undefined): Principal {
  if (principal === undefined)
    throw new TollgateError("UNAUTHENTICATED", "Send a credential: `Authorization: Bearer <API key or access token>`.");
  requirePermission(principal, "models:write");
  return principal;
}
