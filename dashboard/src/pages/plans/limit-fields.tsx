import { Select, TextInput } from "@mantine/core";
import { words } from "../../format.ts";
import { type LimitForm, metersOf, needsOf } from "./limit-form.ts";

const kinds = [
  { value: "QUOTA", label: "Quota" },
  { value: "BUDGET", label: "Budget" },
  { value: "RATE_LIMIT", label: "Rate limit" },
  { value: "CONCURRENCY_LIMIT", label: "Concurrency limit" },
  { value: "REQUEST_INPUTS", label: "Inputs in a request" },
];
const periods = [
  { value: "BILLING_PERIOD", label: "A billing period" },
  { value: "DAY", label: "A day" },
  { value: "HOUR", label: "An hour" },
];
const modes = [
  { value: "HARD", label: "Refuse" },
  { value: "SOFT", label: "Let pass, and say so" },
  { value: "SHADOW", label: "Only count" },
];

interface LimitFieldsProps<Form extends LimitForm> {
  limit: Form;
  currency: string;
  models: readonly string[];
  onChange: (limit: Form) => void;
}

/** The fields that a limit of this kind has, and no others. */
export function LimitFields<Form extends LimitForm>({ limit, currency, models, onChange }: LimitFieldsProps<Form>) {
  const wanted = needsOf(limit);
  const set = (change: Partial<LimitForm>) => onChange({ ...limit, ...change });
  return (
    <>
      <Select
        label="Kind"
        data={kinds}
        value={limit.kind}
        allowDeselect={false}
        onChange={(value) => {
          const kind = (value ?? "QUOTA") as LimitForm["kind"];
          const isKnown = metersOf({ kind }).includes(limit.meter);
          set({ kind, meter: isKnown ? limit.meter : "inputs" });
        }}
      />
      {wanted.meter ? (
        <Select
          label="Of"
          data={metersOf(limit).map((meter) => ({ value: meter, label: words(meter) }))}
          value={limit.meter}
          allowDeselect={false}
          onChange={(value) => set({ meter: value ?? "inputs" })}
        />
      ) : null}
      {wanted.model ? <ModelChoice models={models} value={limit.model} onChange={(model) => set({ model })} /> : null}
      <TextInput
        label={limit.kind === "BUDGET" ? `Money, ${currency}` : wanted.value}
        inputMode="decimal"
        value={limit.value}
        onChange={(event) => set({ value: event.currentTarget.value })}
      />
      {wanted.refill ? (
        <TextInput
          label="Then each second"
          inputMode="decimal"
          value={limit.refill}
          onChange={(event) => set({ refill: event.currentTarget.value })}
        />
      ) : null}
      {wanted.period ? (
        <Select
          label="In"
          data={periods}
          value={limit.period}
          allowDeselect={false}
          onChange={(value) => set({ period: (value ?? "BILLING_PERIOD") as LimitForm["period"] })}
        />
      ) : null}
      <Select
        label="Beyond it"
        data={modes}
        value={limit.mode}
        allowDeselect={false}
        onChange={(value) => set({ mode: (value ?? "HARD") as LimitForm["mode"] })}
      />
    </>
  );
}

interface ModelChoiceProps {
  models: readonly string[];
  value: string;
  onChange: (model: string) => void;
}

export function ModelChoice({ models, value, onChange }: ModelChoiceProps) {
  // One that is gone, or is not offered, still has its place.
  const known = value === "" || models.includes(value) ? models : [...models, value];
  return (
    <Select
      label="Model"
      data={[{ value: "", label: "All" }, ...known.map((name) => ({ value: name, label: name }))]}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => onChange(chosen ?? "")}
    />
  );
}
