import { expect, test } from "vitest";
import type { EngineEvent } from "../../../src/domains/inference/engine-events.ts";
import { recordEngineEvent } from "../../../src/domains/inference/inference-metrics.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";

/** What an operator reads after these events, of the series with this in their name. */
async function seriesAfter(events: EngineEvent[], name: string): Promise<string[]> {
  const metrics = createMetrics();
  for (const event of events) recordEngineEvent(metrics, event, (id) => `name of ${id}`);
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(name) && !line.includes("_bucket"));
}

test("each stage of a batch has a histogram of its own, and why it left is counted", async () => {
  const batch: EngineEvent = {
    kind: "BATCH_ANSWERED",
    versionId: "v",
    rows: 8,
    left: "FULL",
    queueMs: 4000,
    formMs: 1000,
    runMs: 2000,
    roundTripMs: 5000,
    splitMs: 500,
    provider: "CPU",
  };
  const sums = (await seriesAfter([batch], "tollgate_batch")).filter((line) => !line.includes("_count"));
  expect(sums).toEqual([
    'tollgate_batch_inputs_sum{version="name of v"} 8',
    'tollgate_batch_queue_seconds_sum{version="name of v"} 4',
    'tollgate_batch_form_seconds_sum{version="name of v"} 1',
    'tollgate_batch_transport_seconds_sum{version="name of v"} 3',
    'tollgate_batch_run_seconds_sum{version="name of v"} 2',
    'tollgate_batch_split_seconds_sum{version="name of v"} 0.5',
    'tollgate_batches_total{version="name of v",left="FULL"} 1',
  ]);
});

const about = { versionId: "v", reason: "r" };
const counted: [EngineEvent, string][] = [
  [
    { kind: "BATCH_FAILED", ...about, rows: 2, isHalved: true },
    'tollgate_batch_failures_total{version="name of v",outcome="HALVED"} 1',
  ],
  [
    { kind: "BATCH_FAILED", ...about, rows: 1, isHalved: false },
    'tollgate_batch_failures_total{version="name of v",outcome="FAILED"} 1',
  ],
  [
    { kind: "REQUEST_REFUSED", versionId: "v", code: "OVERLOADED", rows: 1 },
    'tollgate_engine_refusals_total{version="name of v",code="OVERLOADED"} 1',
  ],
  [
    { kind: "REQUEST_FAILED", versionId: "v", code: "DEADLINE_EXCEEDED", rows: 1 },
    'tollgate_engine_failures_total{version="name of v",code="DEADLINE_EXCEEDED"} 1',
  ],
  [{ kind: "VERSION_STRUCK", ...about, tenantIds: [] }, 'tollgate_version_strikes_total{version="name of v"} 1'],
  [
    { kind: "VERSION_WITHHELD", ...about, tenantId: "t", position: 0, forMs: 1 },
    'tollgate_versions_withheld_total{version="name of v"} 1',
  ],
  [{ kind: "VERSION_QUARANTINED", ...about }, 'tollgate_versions_quarantined_total{version="name of v"} 1'],
  [{ kind: "PROVIDER_FELL_BACK", ...about }, 'tollgate_provider_fallbacks_total{version="name of v"} 1'],
  [{ kind: "RUNNER_ENDED", pid: 1, reason: "r", isServing: true }, "tollgate_runner_restarts_total 1"],
];

test.each(counted)("%j is counted", async (event, line) => {
  expect(await seriesAfter([event], line.split(/[ {]/)[0] ?? "")).toContain(line);
});
