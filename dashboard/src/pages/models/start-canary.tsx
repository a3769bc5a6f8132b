import { Button, NumberInput, Select, Text } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../key-dialogs.tsx";
import { canaryTargets, candidatesOf, firstStep, usualGuard } from "./alias-move.ts";
import type { OpenedAlias, OpenedModel } from "./model-page.tsx";
import { MoveFailure } from "./move-failure.tsx";
import { usePointAlias } from "./point-alias.tsx";

interface StartCanaryProps {
  model: OpenedModel;
  alias: OpenedAlias;
  onDone: () => void;
}

/** The second of two clicks: all is filled in as most want it. */
export function StartCanary({ model, alias, onDone }: StartCanaryProps) {
  const candidates = candidatesOf(model.versions, alias);
  const [version, setVersion] = useState(String(candidates[0] ?? ""));
  const [percent, setPercent] = useState<number>(firstStep);
  const [errorPercent, setErrorPercent] = useState(usualGuard.maxErrorRate * 100);
  const [p99Ratio, setP99Ratio] = useState(usualGuard.maxP99Ratio);
  const { fetching, error, point } = usePointAlias();
  const present = alias.targets[0]?.version.version ?? 0;
  const submit = async () => {
    const isDone = await point({
      model: model.name,
      alias: alias.name,
      targets: canaryTargets(present, Number(version), percent),
      expectedRevision: alias.revision,
      guard: { ...usualGuard, maxErrorRate: errorPercent / 100, maxP99Ratio: p99Ratio },
    });
    if (isDone) onDone();
  };
  return (
    <FormDialog title={`Canary on ${alias.name}`} onClose={onDone} onSubmit={submit}>
      {error === undefined ? null : <MoveFailure error={error} onReload={onDone} />}
      <Text size="sm">
        A part of the callers is answered by the new version, always the same ones. Version {present} answers the
        others.
      </Text>
      <Select
        label="New version"
        allowDeselect={false}
        data={candidates.map(String)}
        value={version}
        onChange={(chosen) => setVersion(chosen ?? version)}
      />
      <NumberInput
        label="Of the requests"
        suffix=" %"
        min={1}
        max={99}
        value={percent}
        onChange={(value) => setPercent(Number(value))}
      />
      <NumberInput
        label="It rolls back by itself when more of its requests fail than"
        suffix=" %"
        min={0}
        max={100}
        value={errorPercent}
        onChange={(value) => setErrorPercent(Number(value))}
      />
      <NumberInput
        label="or when its p99 is above the others', times"
        min={1}
        max={1000}
        step={0.5}
        value={p99Ratio}
        onChange={(value) => setP99Ratio(Number(value))}
      />
      <Button
        data-autofocus
        type="submit"
        loading={fetching}
        disabled={version === "" || !(percent >= 1 && percent <= 99)}
      >
        Send {percent} % to version {version}
      </Button>
    </FormDialog>
  );
}
