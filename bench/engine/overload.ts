import type { Engine, LoadableVersion } from "../../src/domains/inference/engine.ts";
import { median, type Row, rounded } from "../measure/rows.ts";
import { bundled, callers, type EnginePace, quantile, rowsOf, startStage } from "./stage.ts";

const inputsEach = 8;
const tenants = 4;
const deadlineMs = 250;
const overloadFactor = 3;

/** What is answered in time when three times as much is asked as can be, and how soon all is well after it. */
export async function measureOverload(pace: EnginePace): Promise<Row[]> {
  const version = await bundled("mail");
  const rounds: { capacity: number; goodput: number; backAfterMs: number }[] = [];
  const engine = await startStage([version]);
  try {
    for (let round = 0; round < pace.rounds; round++) {
      const capacity = await capacityOf(engine, version, pace.loadMs);
      const calm = await calmWait(engine, version);
      const goodput = await flood(engine, version, { rate: capacity * overloadFactor, ms: pace.loadMs });
      rounds.push({ capacity, goodput, backAfterMs: await untilCalm(engine, version, calm) });
    }
  } finally {
    await engine.close();
  }
  const ratio = median(rounds.map(({ goodput, capacity }) => goodput / capacity));
  const backAfterMs = median(rounds.map((round) => round.backAfterMs));
  return [
    {
      name: `overload: answered in time at ${overloadFactor}x capacity, against capacity`,
      value: rounded(median(rounds.map(({ goodput }) => goodput))),
      unit: "rows/s",
      baseline: rounded(median(rounds.map(({ capacity }) => capacity))),
      ratio: rounded(ratio),
      aim: "ratio >= 0.9",
      holds: ratio >= 0.9,
    },
    {
      name: "overload: until a request waits no longer than twice what it did before",
      value: rounded(backAfterMs),
      unit: "ms",
      baseline: null,
      ratio: null,
      aim: "<= 1000",
      holds: backAfterMs <= 1_000,
    },
  ];
}

function requestOf(version: LoadableVersion, caller: number) {
  const samples = rowsCache(version);
  const rows = Array.from({ length: inputsEach }, (_, i) => samples[(caller + i) % samples.length] ?? []);
  return { versionId: version.id, tenantId: `ten_${caller % tenants}`, rows };
}

const caches = new WeakMap<LoadableVersion, ReturnType<typeof rowsOf>>();

function rowsCache(version: LoadableVersion): ReturnType<typeof rowsOf> {
  const rows = caches.get(version) ?? rowsOf(version);
  caches.set(version, rows);
  return rows;
}

async function capacityOf(engine: Engine, version: LoadableVersion, ms: number): Promise<number> {
  let rows = 0;
  const startedAt = performance.now();
  await callers(64, startedAt + ms, async (caller) => {
    await engine.run({ ...requestOf(version, caller), deadlineAt: performance.now() + 10_000 });
    rows += inputsEach;
  });
  return (rows * 1000) / (performance.now() - startedAt);
}

/**
 * Requests that come whether or not the last were answered; counts the rows that were, within their deadline. The first
 * deadlines are left out of the count: until then the queue only fills.
 */
async function flood(
  engine: Engine,
  version: LoadableVersion,
  { rate, ms }: { rate: number; ms: number },
): Promise<number> {
  const startedAt = performance.now();
  const countedFrom = startedAt + 2 * deadlineMs;
  const endsAt = countedFrom + ms;
  let inTime = 0;
  const count = () => {
    const now = performance.now();
    if (now >= countedFrom && now < endsAt) inTime += inputsEach;
  };
  let sent = 0;
  for (let now = startedAt; now < endsAt; now = performance.now()) {
    for (; sent * inputsEach < ((now - startedAt) * rate) / 1000; sent++) {
      const request = { ...requestOf(version, sent), deadlineAt: performance.now() + deadlineMs };
      // Most are refused at once, or at their deadline: that is what is measured.
      engine.run(request).then(count, () => undefined);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return (inTime * 1000) / ms;
}

async function waitOfOne(engine: Engine, version: LoadableVersion): Promise<number> {
  const askedAt = performance.now();
  await engine.run({ ...requestOf(version, 0), tenantId: "ten_probe", deadlineAt: askedAt + 10_000 });
  return performance.now() - askedAt;
}

async function calmWait(engine: Engine, version: LoadableVersion): Promise<number> {
  const waits: number[] = [];
  for (let i = 0; i < 50; i++) waits.push(await waitOfOne(engine, version));
  return quantile(waits, 0.9);
}

async function untilCalm(engine: Engine, version: LoadableVersion, calmMs: number): Promise<number> {
  const startedAt = performance.now();
  let waitedMs = Number.POSITIVE_INFINITY;
  while (waitedMs > 2 * calmMs) waitedMs = await waitOfOne(engine, version);
  return performance.now() - startedAt;
}
