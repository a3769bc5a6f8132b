import { Select } from "@mantine/core";

const scopes = [
  { value: "TENANT", label: "The tenant" },
  { value: "EACH_KEY", label: "Each API key" },
];

/** Whose use a plan's limit counts. */
export function ScopeChoice({ value, onChange }: { value: string; onChange: (value: string | null) => void }) {
  return <Select label="Whose use" data={scopes} value={value} allowDeselect={false} onChange={onChange} />;
}
