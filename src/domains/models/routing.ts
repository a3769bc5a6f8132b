import { hash } from "node:crypto";
import { notFound, TollgateError } from "../../core/errors.ts";
import type { TenantPrincipal } from "../../core/principal.ts";
import { type Alias, type AliasTarget, isWhole, type Model, type ModelVersion } from "./model.ts";

/** What a caller names: an alias, or a version instead of it. */
export interface Target {
  alias: string | undefined;
  version: number | undefined;
}

export interface Route {
  version: ModelVersion;
  /** Absent: the version was named. */
  alias: string | undefined;
}

/** Who asks, as far as it decides between an alias's targets. */
export type Asking = Pick<TenantPrincipal, "tenantId"> & { apiKeyId?: string; userId?: string };

/**
 * The version that answers. Between an alias's targets the caller's own name decides, so that a caller sees one version
 * as long as the weights stand; and where they move, only the callers between the old border and the new see another.
 */
export function route(model: Model, target: Target, asking: Asking): Route {
  if (target.version !== undefined) {
    const version = model.versions.find((candidate) => candidate.version === target.version);
    if (version === undefined) throw notFound("model version");
    if (isWhole(version)) return { version, alias: undefined };
    throw notReady(`Version ${version.version} of ${model.name} is ${version.state}.`);
  }
  const name = target.alias ?? "stable";
  const alias = model.aliases.find((candidate) => candidate.name === name);
  if (alias === undefined) throw notFound("alias");
  const id = pick(alias.targets, placeOf(alias, asking));
  const version = model.versions.find((candidate) => candidate.id === id);
  if (version === undefined || !isWhole(version))
    throw notReady(`The alias ${name} of ${model.name} points at no version yet.`);
  return { version, alias: name };
}

/** Where the caller stands between an alias's targets, from 0 to below 1: always the same, and even over many callers. */
export function placeOf(alias: Pick<Alias, "id">, { tenantId, apiKeyId, userId }: Asking): number {
  const digest = hash("sha256", `${alias.id} ${tenantId} ${apiKeyId ?? userId ?? ""}`, "buffer");
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A weight of 0 is a shadow: it is never picked. */
export function pick(targets: readonly AliasTarget[], place: number): string | undefined {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let rest = place * total;
  for (const target of targets) {
    rest -= target.weight;
    if (rest < 0) return target.modelVersionId;
  }
  return undefined;
}

function notReady(what: string): TollgateError {
  return new TollgateError("MODEL_NOT_READY", `${what} Try another version, or later.`);
}
