import { Button } from "@mantine/core";
import { useState } from "react";
import { Icon } from "../../components/icons.tsx";
import { Panel } from "../../components/page.tsx";
import { Empty } from "../../components/states.tsx";
import { count, milliseconds } from "../../format.ts";
import { AliasHistory } from "./alias-history.tsx";
import { canaryOf, candidatesOf, guardText, nextStep } from "./alias-move.ts";
import type { OpenedAlias, OpenedModel } from "./model-page.tsx";
import { shareText } from "./models-page.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import { PointDialog } from "./point-dialog.tsx";
import { StartCanary } from "./start-canary.tsx";

interface AliasesProps {
  model: OpenedModel;
  mayChange: boolean;
  onChanged: () => void;
}

/** What is being done with an alias. */
type Doing =
  | { what: "CANARY" | "MOVE_UP" | "FINISH" | "ROLL_BACK"; alias: OpenedAlias }
  | { what: "POINT"; alias: OpenedAlias | undefined };

/** Which version answers under which name, how the newest of them does, and the way forward and back. */
export function Aliases({ model, mayChange, onChanged }: AliasesProps) {
  const [doing, setDoing] = useState<Doing>();
  const done = () => {
    setDoing(undefined);
    onChanged();
  };
  const hasReady = model.versions.some(({ state }) => state === "READY");
  return (
    <Panel
      title="Aliases"
      note="A name that callers use, and the versions that answer for it."
      actions={
        mayChange && hasReady ? (
          <Button size="xs" variant="default" onClick={() => setDoing({ what: "POINT", alias: undefined })}>
            New alias
          </Button>
        ) : undefined
      }
      flush
    >
      {model.aliases.length === 0 ? (
        <Empty icon="models" title="No alias points at this model yet">
          The first version that is ready gets the alias stable.
        </Empty>
      ) : null}
      {model.aliases.map((alias) => (
        <article key={alias.id} className="alias" aria-label={`Alias ${alias.name}`}>
          <header className="alias-head">
            <div>
              <h3>
                <code>{alias.name}</code>
              </h3>
              <p className="dim">{shareText(alias.targets)}</p>
            </div>
            {mayChange ? <AliasActions model={model} alias={alias} start={setDoing} /> : null}
          </header>
          <Shares alias={alias} />
          {alias.guard === null ? null : <p className="dim small">{guardText(alias.guard)}</p>}
          <Report alias={alias} />
          <AliasHistory alias={alias} />
        </article>
      ))}
      {doing === undefined ? null : <Dialog model={model} doing={doing} onDone={done} />}
    </Panel>
  );
}

function AliasActions({
  model,
  alias,
  start,
}: {
  model: OpenedModel;
  alias: OpenedAlias;
  start: (doing: Doing) => void;
}) {
  const canary = canaryOf(alias);
  const next = canary && nextStep(canary);
  const canCanary = alias.targets.length === 1 && candidatesOf(model.versions, alias).length > 0;
  return (
    <div className="row">
      {canCanary ? (
        <Button size="xs" onClick={() => start({ what: "CANARY", alias })}>
          Start canary
        </Button>
      ) : null}
      {next === undefined ? null : (
        <Button size="xs" variant="default" onClick={() => start({ what: "MOVE_UP", alias })}>
          Move up to {next} %
        </Button>
      )}
      {canary === undefined ? null : (
        <Button size="xs" onClick={() => start({ what: "FINISH", alias })}>
          Finish
        </Button>
      )}
      <Button size="xs" variant="default" onClick={() => start({ what: "POINT", alias })}>
        Point
      </Button>
      {alias.history.length > 1 ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="left" size={14} />}
          onClick={() => start({ what: "ROLL_BACK", alias })}
        >
          Roll back
        </Button>
      ) : null}
    </div>
  );
}

function Dialog({ model, doing, onDone }: { model: OpenedModel; doing: Doing; onDone: () => void }) {
  switch (doing.what) {
    case "CANARY":
      return <StartCanary model={model} alias={doing.alias} onDone={onDone} />;
    case "POINT":
      return <PointDialog model={model} alias={doing.alias} onDone={onDone} />;
    case "MOVE_UP":
    case "FINISH":
    case "ROLL_BACK":
      return <MoveDialog model={model} alias={doing.alias} move={doing.what} onDone={onDone} />;
  }
}

/** The weights as a bar; the text above it says the same. */
function Shares({ alias: { targets } }: { alias: OpenedAlias }) {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  if (targets.length < 2) return null;
  return (
    <div className="share-bar" aria-hidden="true">
      {targets.map(({ version, weight }, index) => (
        <i key={version.id} className={`series-${index % 8}`} style={{ width: `${(100 * weight) / total}%` }} />
      ))}
    </div>
  );
}

/** What all gateways have seen of each target, where there is something to compare. */
function Report({ alias: { report } }: { alias: OpenedAlias }) {
  if (report.length === 0 || report.every(({ requests, compared }) => requests + compared === 0)) return null;
  return (
    <dl className="facts wide">
      {report.map(({ version, requests, failures, p99Ms, compared, disagreed }) => (
        <div key={version.id}>
          <dt className="dim small">Version {version.version}, over all gateways</dt>
          <dd>
            {requests === 0
              ? "No requests yet"
              : `${count(requests)} requests, ${count(failures)} failed, p99 ${milliseconds(p99Ms)}`}
            {compared === 0 ? "" : `; ${count(disagreed)} of ${count(compared)} answered otherwise`}
          </dd>
        </div>
      ))}
    </dl>
  );
}
