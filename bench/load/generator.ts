// The load generator: a process of its own, the same one for every server. It reads one order at a time from its parent,
// carries it out, and sends back what came of it.
import { type Answer, Caller } from "./caller.ts";
import type { LoadFigures, LoadOrder } from "./messages.ts";

interface Shot {
  message: Buffer;
  labels: string[];
  inputs: number;
}

process.on("message", (order: LoadOrder) => {
  carryOut(order).then(
    (figures) => process.send?.(figures),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));

async function carryOut(order: LoadOrder): Promise<LoadFigures> {
  const shots = order.requests.map(({ body, labels, inputs }) => ({
    message: messageOf(order, body),
    labels,
    inputs,
  }));
  const tally = new Tally();
  const startedAt = performance.now();
  const endsAt = startedAt + order.durationMs;
  let next = 0;
  const call = async () => {
    const caller = new Caller(order.host, order.port);
    while (performance.now() < endsAt) {
      const shot = shots[next++ % shots.length] as Shot;
      const sentAt = performance.now();
      const answer = await caller.ask(shot.message);
      tally.count(answer, shot, performance.now() - sentAt);
    }
    caller.close();
  };
  await Promise.all(Array.from({ length: order.clients }, call));
  return tally.figures((performance.now() - startedAt) / 1000);
}

function messageOf({ host, port, path, credential }: LoadOrder, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    "Content-Type: application/json",
    "Accept: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(credential === undefined ? [] : [`Authorization: Bearer ${credential}`]),
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Counts answers, and keeps how long each took. */
class Tally {
  readonly #latencies: number[] = [];
  #inputs = 0;
  #failures = 0;
  #firstFailure: string | undefined;

  count(answer: Answer, { labels, inputs }: Shot, tookMs: number): void {
    const problem = problemIn(answer, labels);
    if (problem === undefined) {
      this.#inputs += inputs;
      this.#latencies.push(tookMs);
      return;
    }
    this.#failures += 1;
    this.#firstFailure ??= problem;
  }

  figures(seconds: number): LoadFigures {
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    return {
      answers: sorted.length,
      inputs: this.#inputs,
      failures: this.#failures,
      firstFailure: this.#firstFailure,
      seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  }
}

/** What is wrong with an answer; undefined where it is the right one. */
function problemIn({ status, body }: Answer, labels: string[]): string | undefined {
  if (body === undefined) return "the connection broke, or the answer had no Content-Length";
  if (status !== 200) return `status ${status}: ${body.slice(0, 300)}`;
  const outputs: unknown = outputsIn(body);
  if (!Array.isArray(outputs) || outputs.length !== labels.length) return `no outputs: ${body.slice(0, 300)}`;
  const wrong = labels.findIndex((label, i) => outputs[i].label !== label || !(outputs[i].score > 0));
  return wrong < 0 ? undefined : `input ${wrong} should be ${labels[wrong]}: ${JSON.stringify(outputs[wrong])}`;
}

function outputsIn(body: string): unknown {
  try {
    return JSON.parse(body).data?.infer?.outputs;
  } catch {
    return undefined;
  }
}
