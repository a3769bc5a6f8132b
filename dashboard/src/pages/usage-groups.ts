export type Dimension = "MODEL" | "VERSION" | "API_KEY";

export const dimensions: Record<Dimension, string> = { MODEL: "Model", VERSION: "Version", API_KEY: "API key" };

export interface UsageRow {
  startsAt: string;
  meter: string;
  quantity: number;
  amount: string;
  /** The same of the period before. */
  previous: { quantity: number } | null;
  model: { id: string; name: string } | null;
  version: { id: string; version: number } | null;
  apiKey: { id: string; name: string } | null;
}

/** What one model, version or key used: in each step, and in all. */
export interface UsageGroup {
  id: string;
  label: string;
  values: number[];
  inputs: number;
  amountMicros: bigint;
}

/** The meter that the chart draws; money is of all of them. */
export const drawnMeter = "inputs";

/** The rows by what they are grouped by, most used first. */
export function groupsOf(rows: readonly UsageRow[], dimension: Dimension, steps: readonly Date[]): UsageGroup[] {
  const places = new Map(steps.map((step, index) => [step.getTime(), index]));
  const groups = new Map<string, UsageGroup>();
  for (const row of rows) {
    const { id, label } = nameOf(row, dimension);
    const group = groups.get(id) ?? { id, label, values: steps.map(() => 0), inputs: 0, amountMicros: 0n };
    groups.set(id, group);
    group.amountMicros += BigInt(row.amount);
    if (row.meter !== drawnMeter) continue;
    const place = places.get(new Date(row.startsAt).getTime());
    if (place !== undefined) group.values[place] = (group.values[place] ?? 0) + row.quantity;
    group.inputs += row.quantity;
  }
  // What was used in the period before alone has no bar in this one.
  const used = [...groups.values()].filter(({ inputs, amountMicros }) => inputs !== 0 || amountMicros !== 0n);
  return used.sort((one, other) => other.inputs - one.inputs);
}

/** What was used in each step of the period before, by everybody together. */
export function previousOf(rows: readonly UsageRow[], steps: readonly Date[]): number[] {
  const places = new Map(steps.map((step, index) => [step.getTime(), index]));
  const values = steps.map(() => 0);
  for (const { startsAt, meter, previous } of rows) {
    const place = places.get(new Date(startsAt).getTime());
    if (meter === drawnMeter && place !== undefined) values[place] = (values[place] ?? 0) + (previous?.quantity ?? 0);
  }
  return values;
}

function nameOf({ model, version, apiKey }: UsageRow, dimension: Dimension): { id: string; label: string } {
  switch (dimension) {
    case "MODEL":
      return { id: model?.id ?? "", label: model?.name ?? "A model that is gone" };
    case "VERSION":
      return { id: version?.id ?? "", label: `${model?.name ?? "?"} ${version?.version ?? "?"}` };
    case "API_KEY":
      return apiKey === null ? { id: "", label: "Signed-in people" } : { id: apiKey.id, label: apiKey.name };
  }
}
