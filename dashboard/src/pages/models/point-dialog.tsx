import { Button, NumberInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../key-dialogs.tsx";
import type { OpenedAlias, OpenedModel } from "./model-page.tsx";
import { MoveFailure } from "./move-failure.tsx";
import { usePointAlias } from "./point-alias.tsx";

interface PointDialogProps {
  model: OpenedModel;
  /** Undefined: one that does not exist yet. */
  alias: OpenedAlias | undefined;
  onDone: () => void;
}

/** Weights as they are, for whatever no canary is: several versions, a shadow, a jump. */
export function PointDialog({ model, alias, onDone }: PointDialogProps) {
  const [name, setName] = useState(alias?.name ?? "");
  const [weights, setWeights] = useState<ReadonlyMap<number, number>>(
    new Map(alias?.targets.map(({ version, weight }) => [version.version, weight])),
  );
  const { fetching, error, point } = usePointAlias();
  const ready = model.versions.filter(({ state }) => state === "READY").toReversed();
  const answers = [...weights.values()].some((weight) => weight > 0);
  const submit = async () => {
    const isDone = await point({
      model: model.name,
      alias: name.trim(),
      targets: [...weights].map(([version, weight]) => ({ version, weight })),
      expectedRevision: alias?.revision ?? 0,
    });
    if (isDone) onDone();
  };
  const setWeight = (version: number, value: string | number) => {
    const next = new Map(weights);
    if (value === "") next.delete(version);
    else next.set(version, Number(value));
    setWeights(next);
  };
  return (
    <FormDialog title={alias === undefined ? "New alias" : `Point ${alias.name}`} onClose={onDone} onSubmit={submit}>
      {error === undefined ? null : <MoveFailure error={error} onReload={onDone} />}
      {alias === undefined ? (
        <TextInput
          data-autofocus
          label="Name"
          description="What callers write, such as “canary”."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      ) : null}
      <Text size="sm">
        The weight of each version, 0 to 100, in relation to the others. Empty: it gets nothing. 0: it is a shadow,
        which is asked as well and never answers.
      </Text>
      {ready.map(({ id, version }) => (
        <NumberInput
          key={id}
          label={`Version ${version}`}
          min={0}
          max={100}
          allowDecimal={false}
          value={weights.get(version) ?? ""}
          onChange={(value) => setWeight(version, value)}
        />
      ))}
      {alias?.guard ? (
        <Text size="sm" c="dimmed">
          The guard goes with this move: it belongs to a canary.
        </Text>
      ) : null}
      <Button type="submit" loading={fetching} disabled={name.trim() === "" || !answers}>
        Point {name}
      </Button>
    </FormDialog>
  );
}
