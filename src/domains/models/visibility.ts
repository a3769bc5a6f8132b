import { notFound, TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { Model } from "./model.ts";

/** Who looks: a tenant, or an operator, who sees the platform's models and into no tenant. */
export type Viewer = { tenantId: string } | "OPERATOR";

export function viewerOf(principal: Principal): Viewer {
  return principal.kind === "OPERATOR" ? "OPERATOR" : { tenantId: principal.tenantId };
}

/** The platform's models are seen by the tenants that they are offered to; a tenant's own, by itself alone. */
export function isVisible(model: Model, viewer: Viewer): boolean {
  if (viewer === "OPERATOR") return model.ownerTenantId === undefined;
  if (model.ownerTenantId !== undefined) return model.ownerTenantId === viewer.tenantId;
  return model.isOfferedToAll || model.offeredTo.has(viewer.tenantId);
}

/**
 * Of the models of one name, the one that the viewer means: a tenant's own before the platform's. Such a pair comes to be
 * only where the platform offers a model whose name the tenant had already taken; its callers then keep what they had.
 */
export function chosenFrom(models: readonly Model[], viewer: Viewer): Model | undefined {
  const seen = models.filter((model) => isVisible(model, viewer));
  return seen.find((model) => model.ownerTenantId !== undefined) ?? seen[0];
}

/** A tenant owns its own models, an operator those of the platform. */
export function isOwner({ ownerTenantId }: Pick<Model, "ownerTenantId">, viewer: Viewer): boolean {
  return ownerTenantId === (viewer === "OPERATOR" ? undefined : viewer.tenantId);
}

/** Throws FORBIDDEN where the viewer sees the model and does not own it. */
export function checkOwner(model: Model, viewer: Viewer): void {
  if (!isVisible(model, viewer)) throw notFound("model");
  if (isOwner(model, viewer)) return;
  throw new TollgateError("FORBIDDEN", `${model.name} is a model of the platform: only its operators change it.`);
}
