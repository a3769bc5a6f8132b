import { SegmentedControl, Select } from "@mantine/core";
import { useState } from "react";
import { BarChart } from "../../components/bar-chart.tsx";
import { Panel } from "../../components/page.tsx";
import { Empty } from "../../components/states.tsx";
import { count } from "../../format.ts";
import type { OpenedVersion } from "./model-page.tsx";

const minuteMs = 60_000;
const minutesShown = 60;

/** How a version ran in the last hour, by the minute: how long inputs waited and ran, and how many ran together. */
export function Performance({ versions }: { versions: readonly OpenedVersion[] }) {
  const asked = versions.filter(({ lastHour }) => lastHour.length > 0);
  const [chosen, setChosen] = useState<string>();
  const [quantile, setQuantile] = useState<"P50" | "P99">("P99");
  const version = asked.find(({ id }) => id === chosen) ?? asked.at(-1);
  return (
    <Panel
      title="The last hour"
      note="As the gateway sees it that answers this page; others have their own view."
      actions={
        version === undefined ? undefined : (
          <div className="row">
            <Select
              aria-label="Version"
              size="xs"
              w={120}
              allowDeselect={false}
              data={asked.map((one) => ({ value: one.id, label: `Version ${one.version}` }))}
              value={version.id}
              onChange={(id) => setChosen(id ?? undefined)}
            />
            <SegmentedControl
              aria-label="Quantile"
              size="xs"
              data={[
                { value: "P50", label: "p50" },
                { value: "P99", label: "p99" },
              ]}
              value={quantile}
              onChange={(value) => setQuantile(value === "P50" ? "P50" : "P99")}
            />
          </div>
        )
      }
    >
      {version === undefined ? (
        <Empty icon="overview" title="Nobody has asked it in the last hour">
          Ask it in the playground: how long it waited, ran, and with how many others stands here.
        </Empty>
      ) : (
        <Charts version={version} quantile={quantile} />
      )}
    </Panel>
  );
}

function Charts({ version, quantile }: { version: OpenedVersion; quantile: "P50" | "P99" }) {
  const { steps, minutes } = hourOf(version.lastHour);
  const [queue, run] =
    quantile === "P50" ? (["queueP50Ms", "runP50Ms"] as const) : (["queueP99Ms", "runP99Ms"] as const);
  const inputs = version.lastHour.reduce((sum, minute) => sum + minute.inputs, 0);
  const batches = version.lastHour.reduce((sum, minute) => sum + minute.batches, 0);
  const largest = Math.max(...version.lastHour.map((minute) => minute.largestBatch));
  return (
    <div className="charts">
      <figure>
        <figcaption>
          Latency in ms, {quantile.toLowerCase()}{" "}
          <span className="dim small">
            <i className="swatch series-0" /> waited <i className="swatch series-1" /> ran
          </span>
        </figcaption>
        <BarChart
          label={`How long inputs of version ${version.version} waited and ran, ${quantile.toLowerCase()}, by the minute`}
          steps={steps}
          series={[
            { name: "waited", values: minutes.map((minute) => minute?.[queue] ?? 0) },
            { name: "ran", values: minutes.map((minute) => minute?.[run] ?? 0) },
          ]}
          write={(value) => String(Number(value.toPrecision(3)))}
        />
      </figure>
      <figure>
        <figcaption>
          Inputs in a batch{" "}
          <span className="dim small">
            {count(inputs)} in {count(batches)} batches, {count(largest)} in the largest
          </span>
        </figcaption>
        <BarChart
          label={`How many inputs of version ${version.version} ran together on average, by the minute`}
          steps={steps}
          series={[
            { name: "in a batch", values: minutes.map((minute) => (minute ? minute.inputs / minute.batches : 0)) },
          ]}
          write={(value) => String(Number(value.toFixed(1)))}
        />
      </figure>
    </div>
  );
}

/** All minutes of the hour, those without requests as well. */
function hourOf(lastHour: OpenedVersion["lastHour"]) {
  const present = Math.floor(Date.now() / minuteMs);
  const byMinute = new Map(lastHour.map((minute) => [Math.floor(Date.parse(minute.startsAt) / minuteMs), minute]));
  const numbers = Array.from({ length: minutesShown }, (_, index) => present - minutesShown + 1 + index);
  return {
    steps: numbers.map((number) => new Date(number * minuteMs).toISOString().slice(11, 16)),
    minutes: numbers.map((number) => byMinute.get(number)),
  };
}
