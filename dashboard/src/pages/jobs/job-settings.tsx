import { NumberInput, Select } from "@mantine/core";
import { words } from "../../format.ts";
import type { SubmitJobInput } from "../../graphql/generated/graphql.ts";
import type { OfferedModel } from "./new-job-page.tsx";

/** What answers a job, and how. */
export interface JobSettings {
  model: string;
  by: { alias: string } | { version: number };
  topK: number;
  priority: number;
}

export function usualSettings(model: OfferedModel): JobSettings {
  return { model: model.name, by: usualTarget(model), topK: 1, priority: 0 };
}

export function settingsInput({ model, by, topK, priority }: JobSettings): Omit<SubmitJobInput, "source"> {
  return { model, ...by, topK, priority };
}

function usualTarget({ aliases }: OfferedModel): JobSettings["by"] {
  return { alias: aliases.find(({ name }) => name === "stable")?.name ?? aliases[0]?.name ?? "stable" };
}

interface FieldsProps {
  models: OfferedModel[];
  model: OfferedModel;
  settings: JobSettings;
  onSettings: (settings: JobSettings) => void;
}

export function SettingsFields({ models, model, settings, onSettings }: FieldsProps) {
  const choose = (name: string | null) => {
    const next = models.find((one) => one.name === name);
    if (next !== undefined) onSettings({ ...settings, model: next.name, by: usualTarget(next) });
  };
  return (
    <>
      <Select
        label="Model"
        description={`${words(model.task)}. ${model.description}`}
        data={models.map(({ name }) => name)}
        value={model.name}
        allowDeselect={false}
        searchable={models.length > 8}
        onChange={choose}
      />
      <Select
        label="Alias or version"
        description="The version is pinned when the job is submitted."
        data={targetsOf(model)}
        value={targetText(settings.by)}
        allowDeselect={false}
        onChange={(value) => onSettings({ ...settings, by: targetOf(value ?? targetText(settings.by)) })}
      />
      <div className="row even">
        <NumberInput
          label="Labels of each item"
          min={1}
          max={100}
          clampBehavior="strict"
          allowDecimal={false}
          value={settings.topK}
          onChange={(value) => onSettings({ ...settings, topK: Number(value) || 1 })}
        />
        <NumberInput
          label="Priority"
          description="Among your own jobs, higher goes first"
          inputWrapperOrder={["label", "input", "description"]}
          min={-100}
          max={100}
          clampBehavior="blur"
          allowDecimal={false}
          value={settings.priority}
          onChange={(value) => onSettings({ ...settings, priority: Math.max(-100, Math.min(100, Number(value) || 0)) })}
        />
      </div>
    </>
  );
}

function targetsOf({ aliases, versions }: OfferedModel) {
  const ready = versions.filter(({ state }) => state === "READY");
  return [
    { group: "Aliases", items: aliases.map(({ name }) => ({ value: `alias ${name}`, label: name })) },
    {
      group: "Versions",
      items: ready.map(({ version }) => ({ value: `version ${version}`, label: `Version ${version}` })),
    },
  ];
}

function targetText(by: JobSettings["by"]): string {
  return "alias" in by ? `alias ${by.alias}` : `version ${by.version}`;
}

function targetOf(text: string): JobSettings["by"] {
  const [, kind, name = ""] = /^(alias|version) (.*)$/.exec(text) ?? [];
  return kind === "version" ? { version: Number(name) } : { alias: name };
}
