import type { Engine } from "../../src/domains/inference/engine.ts";
import { median, type Row, rounded } from "../measure/rows.ts";
import { bundled, callers, type EnginePace, rowsOf, startStage } from "./stage.ts";

const loads = 1_000;

/** What a runner holds in memory before and after a thousand loads and releases. */
export async function measureLoads(): Promise<Row[]> {
  const [digits, mail] = await Promise.all([bundled("digits"), bundled("mail")]);
  const engine = await startStage([digits], { spares: 0 });
  try {
    const turn = async () => {
      await engine.load(mail);
      await engine.release(mail.id);
    };
    for (let i = 0; i < loads / 10; i++) await turn();
    const before = residentMb(engine);
    for (let i = 0; i < loads; i++) await turn();
    const after = residentMb(engine);
    return [
      {
        name: `memory of a runner after ${loads} loads and releases, against before`,
        value: rounded(after),
        unit: "MB",
        baseline: rounded(before),
        ratio: rounded(after / before),
        aim: "ratio <= 1.1",
        holds: after / before <= 1.1,
      },
    ];
  } finally {
    await engine.close();
  }
}

function residentMb(engine: Engine): number {
  return Math.max(...engine.state().runners.map((runner) => runner.residentMb ?? Number.NaN));
}

/** How long nobody is answered when the runner that serves is killed under load. */
export async function measureTakeover(pace: EnginePace): Promise<Row[]> {
  const version = await bundled("digits");
  const [row = []] = rowsOf(version);
  const gaps: number[] = [];
  for (let round = 0; round < pace.rounds; round++) {
    const engine = await startStage([version]);
    let killedAt = Number.POSITIVE_INFINITY;
    let nextAnswerAt = Number.POSITIVE_INFINITY;
    const untilAt = performance.now() + 1_500;
    const load = callers(16, untilAt, async () => {
      const deadlineAt = performance.now() + 10_000;
      const sentAt = performance.now();
      const request = { versionId: version.id, tenantId: "ten_a", rows: [row], deadlineAt };
      const isAnswered = await engine.run(request).then(
        () => true,
        () => false,
      );
      if (isAnswered && sentAt > killedAt) nextAnswerAt = Math.min(nextAnswerAt, performance.now());
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const serving = engine.state().runners.find(({ isSpare }) => !isSpare);
    killedAt = performance.now();
    if (serving !== undefined) process.kill(serving.pid, "SIGKILL");
    await load;
    gaps.push(nextAnswerAt - killedAt);
    await engine.close();
  }
  const gap = median(gaps);
  return [
    {
      name: "takeover: from kill -9 of the runner that serves to the next answer",
      value: rounded(gap),
      unit: "ms",
      baseline: null,
      ratio: null,
      aim: "<= 300",
      holds: gap <= 300,
    },
  ];
}
