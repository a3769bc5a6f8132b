import { notFound, TollgateError } from "../../core/errors.ts";
import type { Model, ModelVersion } from "./model.ts";

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

/**
 * The version that answers. `draw` decides between an alias's targets and is at least 0 and below 1; the same draw gives
 * the same version as long as the weights stand.
 */
export function route(model: Model, target: Target, draw: number): Route {
  if (target.version !== undefined) {
    const version = model.versions.find((candidate) => candidate.version === target.version);
    if (version === undefined) throw notFound("model version");
    return { version, alias: undefined };
  }
  const name = target.alias ?? "stable";
  const alias = model.aliases.find((candidate) => candidate.name === name);
  if (alias === undefined) throw notFound("alias");
  const id = pick(alias.targets, draw);
  const version = model.versions.find((candidate) => candidate.id === id);
  if (version === undefined) {
    throw new TollgateError("MODEL_NOT_READY", `The alias ${name} of ${model.name} points at no version yet.`);
  }
  return { version, alias: name };
}

function pick(targets: Model["aliases"][number]["targets"], draw: number): string | undefined {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let rest = draw * total;
  for (const target of targets) {
    rest -= target.weight;
    if (rest < 0) return target.modelVersionId;
  }
  return undefined;
}
