import { When } from "../../components/time.tsx";
import type { OpenedAlias } from "./model-page.tsx";
import { shareText } from "./models-page.tsx";

const causes: Record<OpenedAlias["history"][number]["cause"], string> = {
  FIRST_VERSION: "The first version that could answer",
  POINTED: "Pointed",
  ROLLED_BACK: "Rolled back",
  GUARD: "Rolled back by its guard",
  QUARANTINE: "Away from a version that broke",
};

/** The moves of an alias, the latest first; what is there now is the first of them. */
export function AliasHistory({ alias: { history } }: { alias: OpenedAlias }) {
  return (
    <details className="history">
      <summary>History</summary>
      <ol>
        {history.map(({ revision, cause, reason, actorId, createdAt, targets }) => (
          <li key={revision}>
            <span className="dim">{revision}</span>
            <div className="stack-tight">
              <span>{shareText(targets)}</span>
              <span className="dim small">
                {causes[cause]}
                {reason === null ? "" : `: ${reason}`} <When at={createdAt} />
                {actorId === "tollgate" ? "" : <span> by {actorId}</span>}
              </span>
            </div>
          </li>
        ))}
      </ol>
    </details>
  );
}
