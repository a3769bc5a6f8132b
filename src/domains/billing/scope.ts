import { notFound, TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { InvoiceScope } from "./invoice.ts";

/** Whose invoices a principal sees: a tenant's its own, an operator's all. */
export function scopeOf(principal: Principal): InvoiceScope {
  return principal.kind === "OPERATOR" ? "ALL_TENANTS" : { tenantId: principal.tenantId };
}

/** The tenant that is asked about. An operator names it; anybody else has one, and is told that there is no other. */
export function tenantAskedFor(principal: Principal, tenantId: string | null | undefined): string {
  if (principal.kind !== "OPERATOR") {
    if (tenantId === null || tenantId === undefined || tenantId === principal.tenantId) return principal.tenantId;
    throw notFound("tenant");
  }
  if (tenantId) return tenantId;
  throw new TollgateError("INVALID_INPUT", "An operator belongs to no tenant: name one with tenantId.");
}
