import { Button, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";
import { canaryOf, canaryTargets, nextStep } from "./alias-move.ts";
import type { OpenedAlias, OpenedModel } from "./model-page.tsx";
import { shareText } from "./models-page.tsx";
import { MoveFailure } from "./move-failure.tsx";
import { usePointAlias } from "./point-alias.tsx";

interface MoveProps {
  model: OpenedModel;
  alias: OpenedAlias;
  onDone: () => void;
}

/** A canary's next step, its end, or the way back. Each by compare-and-set: nobody moves what another just moved. */
export function MoveDialog({ move, ...props }: MoveProps & { move: "MOVE_UP" | "FINISH" | "ROLL_BACK" }) {
  const canary = canaryOf(props.alias);
  if (move === "ROLL_BACK") return <RollBack {...props} />;
  if (canary === undefined) return null;
  const percent = (move === "MOVE_UP" ? nextStep(canary) : undefined) ?? 100;
  return <Advance {...props} from={canary.from} to={canary.to} percent={percent} />;
}

function Advance({
  model,
  alias,
  onDone,
  from,
  to,
  percent,
}: MoveProps & { from: number; to: number; percent: number }) {
  const { fetching, error, point } = usePointAlias();
  const isAll = percent === 100;
  const submit = async () => {
    const isDone = await point({
      model: model.name,
      alias: alias.name,
      targets: isAll ? [{ version: to, weight: 100 }] : canaryTargets(from, to, percent),
      expectedRevision: alias.revision,
      // With one target left there is nothing to judge it against.
      ...(alias.guard === null || isAll ? {} : { guard: plain(alias.guard) }),
    });
    if (isDone) onDone();
  };
  return (
    <FormDialog
      title={isAll ? `Finish the canary on ${alias.name}` : `Move ${alias.name} up`}
      onClose={onDone}
      onSubmit={submit}
    >
      {error === undefined ? null : <MoveFailure error={error} onReload={onDone} />}
      <Text size="sm">
        {isAll
          ? `Version ${to} answers all callers. Version ${from} stays ready, so that you can roll back to it.`
          : `Version ${to} answers ${percent} % of the callers: those that it answers now, and more. The guard stays.`}
      </Text>
      <Button data-autofocus type="submit" loading={fetching}>
        {isAll ? `Send all to version ${to}` : `Send ${percent} % to version ${to}`}
      </Button>
    </FormDialog>
  );
}

/** Bounds as an input takes them: without the name of their type. */
function plain({
  minRequests,
  windowSeconds,
  maxErrorRate,
  maxP99Ratio,
  maxDisagreement,
}: NonNullable<OpenedAlias["guard"]>) {
  return { minRequests, windowSeconds, maxErrorRate, maxP99Ratio, maxDisagreement };
}

function RollBack({ model, alias, onDone }: MoveProps) {
  const [reason, setReason] = useState("");
  const [{ fetching, error }, rollBack] = useMutation(
    graphql(`
      mutation RollBack($input: RollBackAliasInput!) {
        rollBackAlias(input: $input) {
          id
          revision
          targets {
            weight
            version {
              id
              version
              state
            }
          }
        }
      }
    `),
  );
  const submit = async () => {
    const input = { model: model.name, alias: alias.name, expectedRevision: alias.revision };
    const { data } = await rollBack({ input: { ...input, reason: reason.trim() === "" ? null : reason } });
    if (data) onDone();
  };
  return (
    <FormDialog title={`Roll ${alias.name} back`} onClose={onDone} onSubmit={submit}>
      {error === undefined ? null : <MoveFailure error={error} onReload={onDone} />}
      <Text size="sm">
        {alias.name} goes from {shareText(alias.targets)} to where it pointed before, past versions that can no longer
        answer. No request is lost.
      </Text>
      <TextInput
        label="Why"
        description="For the history; may stay empty."
        maxLength={300}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button data-autofocus type="submit" color="red" loading={fetching}>
        Roll back now
      </Button>
    </FormDialog>
  );
}
