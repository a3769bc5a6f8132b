import type { Engine, LoadableVersion } from "../../src/domains/inference/engine.ts";
import { median, type Row, rounded } from "../measure/rows.ts";
import { bundled, callers, type EnginePace, quantile, rowsOf, startStage } from "./stage.ts";

const quietCallers = 6;
const floodingCallers = 60;

/** A quiet tenant's p99 alone, beside one with ten times its callers, and behind them in one line as without shares. */
export async function measureNeighbour(pace: EnginePace): Promise<Row[]> {
  const version = await bundled("mail");
  const rounds: { alone: number; flooded: number; inOneLine: number }[] = [];
  const engine = await startStage([version]);
  try {
    await p99Of(engine, version, { flood: "loud", ms: pace.loadMs });
    for (let round = 0; round < pace.rounds; round++) {
      const alone = await p99Of(engine, version, { flood: undefined, ms: pace.loadMs });
      const flooded = await p99Of(engine, version, { flood: "loud", ms: pace.loadMs });
      // Of one tenant, rows are taken in the order they came: first in, first out.
      const inOneLine = await p99Of(engine, version, { flood: "quiet", ms: pace.loadMs });
      rounds.push({ alone, flooded, inOneLine });
    }
  } finally {
    await engine.close();
  }
  const row = (what: string, of: (round: (typeof rounds)[number]) => number, aim: number | undefined): Row => {
    const ratio = median(rounds.map((round) => of(round) / round.alone));
    return {
      name: `noisy neighbour: p99 of a quiet tenant ${what}, against alone`,
      value: rounded(median(rounds.map(of))),
      unit: "ms",
      baseline: rounded(median(rounds.map(({ alone }) => alone))),
      ratio: rounded(ratio),
      aim: aim === undefined ? null : `ratio <= ${aim}`,
      holds: aim === undefined ? null : ratio <= aim,
    };
  };
  return [
    row("while another floods with 10x", ({ flooded }) => flooded, 2),
    row("in one line with the flood (FIFO)", ({ inOneLine }) => inOneLine, undefined),
  ];
}

async function p99Of(
  engine: Engine,
  version: LoadableVersion,
  { flood, ms }: { flood: string | undefined; ms: number },
): Promise<number> {
  const samples = rowsOf(version);
  const untilAt = performance.now() + ms;
  const waits: number[] = [];
  let sent = 0;
  const ask = async (tenantId: string) => {
    const row = samples[sent++ % samples.length] ?? [];
    await engine.run({ versionId: version.id, tenantId, rows: [row], deadlineAt: performance.now() + 10_000 });
  };
  const quiet = callers(quietCallers, untilAt, async () => {
    const askedAt = performance.now();
    await ask("quiet");
    waits.push(performance.now() - askedAt);
  });
  const loud = flood === undefined ? undefined : callers(floodingCallers, untilAt, () => ask(flood));
  await Promise.all([quiet, loud]);
  return quantile(waits, 0.99);
}
