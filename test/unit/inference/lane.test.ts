import { expect, test } from "vitest";
import { AcceptedRequest, type RunKind } from "../../../src/domains/inference/accepted-request.ts";
import { FairShares } from "../../../src/domains/inference/fair-shares.ts";
import { Lane } from "../../../src/domains/inference/lane.ts";
import { versionToLoad } from "../../../src/domains/inference/loaded-version.ts";
import { QueueLimits } from "../../../src/domains/inference/queue-limits.ts";
import { tinyModel } from "../../support/tiny-models.ts";

/** A lane of a version that takes a millisecond for each row, and a tenth of one for each batch. */
function laneOf(pace: { backgroundMs: number; sliceMs: number }): Lane {
  const version = {
    ...versionToLoad(tinyModel("lookup", { maxInputs: 64 }), 1),
    firstRuns: [
      { units: 1, ms: 1.1 },
      { units: 100, ms: 100.1 },
    ],
  };
  const limits = new QueueLimits({
    maxQueuedInputs: 1_000,
    maxQueuedInputsPerVersion: 1_000,
    maxQueuedInputsPerTenant: 1_000,
    maxBytesInFlight: 1_000_000,
  });
  return new Lane({ version, limits, shares: new FairShares(), ...pace });
}

function add(lane: Lane, kind: RunKind, rows: number): void {
  const asked = Array.from({ length: rows }, () => [BigInt64Array.of(1n)]);
  const request = { versionId: "v", tenantId: "ten_a", kind, rows: asked, deadlineAt: performance.now() + 60_000 };
  const nothing = () => undefined;
  lane.add(new AcceptedRequest(request, { resolve: nothing, reject: nothing, onSettled: nothing }), { isAlone: false });
}

test("rows that nobody waits for make batches of the background's length, and of a slice's while there are callers", () => {
  const lane = laneOf({ backgroundMs: 17, sliceMs: 5 });
  const next = () => {
    const { entries = [], left } = lane.nextBatch() ?? {};
    return [entries.filter(({ kind }) => kind === "JOB").length, left];
  };
  add(lane, "JOB", 60);
  expect(next()).toEqual([16, "BACKGROUND"]);
  add(lane, "INTERACTIVE", 1);
  next();
  expect(next()).toEqual([4, "BACKGROUND"]);
});
