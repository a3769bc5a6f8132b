import { Badge, type Tone } from "../../components/page.tsx";
import { words } from "../../format.ts";
import type { ModelVersionState } from "../../graphql/generated/graphql.ts";

const tones: Record<ModelVersionState, Tone> = {
  READY: "good",
  REJECTED: "bad",
  QUARANTINED: "bad",
  SCANNING: "warn",
  VALIDATING: "warn",
  WARMING: "warn",
  DRAINING: "warn",
  RETIRED: "plain",
};

/** Where a version stands, and why, in whole sentences. */
export function VersionState({ state, reason }: { state: ModelVersionState; reason: string | null }) {
  return (
    <div className="stack-tight">
      <span>
        <Badge tone={tones[state]}>{words(state)}</Badge>
      </span>
      {reason === null ? null : <span className="dim small reason">{sentence(reason)}</span>}
    </div>
  );
}

/** On its way from one state to the next: worth looking at again soon. */
export function isMoving(state: ModelVersionState): boolean {
  return state === "SCANNING" || state === "VALIDATING" || state === "WARMING" || state === "DRAINING";
}

/** A reason as a sentence: the gateway gives it as the end of one. */
export function sentence(reason: string): string {
  const text = reason.charAt(0).toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
