import type { AliasTarget } from "./model.ts";

/** Why an alias was moved: by somebody, or by itself because of what was seen of its target. */
export type RevisionCause = "FIRST_VERSION" | "POINTED" | "ROLLED_BACK" | "GUARD" | "QUARANTINE";

/** One move of an alias, which is never changed. */
export interface AliasRevision {
  id: string;
  revision: number;
  targets: AliasTarget[];
  /** The revision that a roll back goes to; undefined: there was nothing before. */
  returnsTo: number | undefined;
  cause: RevisionCause;
  reason: string | undefined;
  actorId: string;
  createdAt: Date;
}

/**
 * Where a roll back from a revision goes: to the targets before it, or further back past those that cannot answer any
 * more. A roll back is itself a revision, and returns to where the one it went to would have returned: rolling back again
 * goes further back, never to and fro.
 */
export function returnFrom(
  revision: number,
  revisions: readonly AliasRevision[],
  readyVersionIds: ReadonlySet<string>,
): { targets: AliasTarget[]; returnsTo: number | undefined } | undefined {
  const byRevision = new Map(revisions.map((one) => [one.revision, one]));
  let place = byRevision.get(revision)?.returnsTo;
  while (place !== undefined) {
    const earlier = byRevision.get(place);
    if (earlier === undefined) return undefined;
    const { targets, returnsTo } = earlier;
    const serving = targets.filter(({ weight }) => weight > 0);
    if (serving.length > 0 && serving.every(({ modelVersionId }) => readyVersionIds.has(modelVersionId)))
      // A shadow that is gone is no reason not to go back.
      return { targets: targets.filter(({ modelVersionId }) => readyVersionIds.has(modelVersionId)), returnsTo };
    place = returnsTo;
  }
  return undefined;
}
