import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { runCli } from "../../../src/edge/cli/client/run-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { grey, JobClient } from "../../support/jobs.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let jobs: JobClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  jobs = new JobClient(tenant.key);
});

afterAll(async () => {
  await gateway.close();
});

/** A proxy before the gateway that counts what passes, and can break streams off or pass none on. */
class StreamProxy {
  streams = 0;
  questions = 0;
  passesStreams = true;
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();

  private constructor() {
    this.#server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
  }

  static async start(port = 0): Promise<StreamProxy> {
    const proxy = new StreamProxy();
    proxy.#server.listen(port, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  breakStreams(): void {
    for (const response of this.#open) response.destroy();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const isStream = incoming.headers.accept === "text/event-stream";
    if (isStream) this.streams += 1;
    else this.questions += 1;
    if (isStream && !this.passesStreams) {
      outgoing.writeHead(502).end("no streams here");
      return;
    }
    const { method, url, headers } = incoming;
    const passed = httpRequest(`${gateway.url}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    if (isStream) {
      this.#open.add(outgoing);
      outgoing.on("close", () => this.#open.delete(outgoing));
    }
    incoming.pipe(passed);
  }
}

function watch(url: string, id: string) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([text(out), text(err)]);
  const surroundings = { url, apiKey: tenant.secret, signedInFile: path.join(inject("scratchDirectory"), "none.json") };
  const terminal = { out, err: Object.assign(err, { columns: 100, isTTY: true }) as never };
  return (async () => {
    const exitCode = await runCli(["jobs", "watch", id, "--json"], surroundings, terminal);
    out.end();
    err.end();
    const [stdout, stderr] = await written;
    return { exitCode, stdout, stderr };
  })();
}

const submit = async (count: number) =>
  await jobs.submit({ model: "digits", source: { inputs: Array.from({ length: count }, (_, i) => grey(i)) } });

describe("who watches a job from a terminal", () => {
  test("is told by one stream, and asks nothing", async () => {
    const proxy = await StreamProxy.start();
    const { id } = await submit(3_000);
    const { exitCode, stdout, stderr } = await watch(proxy.url, id);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: "SUCCEEDED", counts: { succeeded: 3_000 } });
    expect(stderr).toMatch(/of 3,000/);
    expect([proxy.streams, proxy.questions]).toEqual([1, 0]);
    await proxy.close();
  });

  test("whose stream breaks off again and again comes back to it, and sees the end", async () => {
    const proxy = await StreamProxy.start();
    const { id } = await submit(10_000);
    const watched = watch(proxy.url, id);
    for (const round of [1, 2]) {
      await eventually(() => proxy.streams >= round, { withinMs: 10_000, what: `stream ${round}` });
      proxy.breakStreams();
    }
    const { exitCode, stdout } = await watched;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: "SUCCEEDED", counts: { succeeded: 10_000 } });
    expect(proxy.streams).toBeGreaterThanOrEqual(3);
    expect(proxy.questions).toBe(0);
    await proxy.close();
  });

  test("misses nothing that happened while nobody could be reached: not even the end", async () => {
    const proxy = await StreamProxy.start();
    const { id } = await submit(3_000);
    const { url } = proxy;
    const watched = watch(url, id);
    await eventually(() => proxy.streams > 0, { withinMs: 10_000, what: "the stream" });
    await proxy.close();
    await jobs.until(id, "SUCCEEDED");
    const again = await StreamProxy.start(Number(new URL(url).port));
    expect(JSON.parse((await watched).stdout)).toMatchObject({ state: "SUCCEEDED", counts: { succeeded: 3_000 } });
    await again.close();
  });

  test("behind a proxy that passes no streams on is told so, and then by asking", async () => {
    const proxy = await StreamProxy.start();
    proxy.passesStreams = false;
    const { id } = await submit(3_000);
    const { exitCode, stderr } = await watch(proxy.url, id);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("Progress cannot be streamed (The gateway answered 502.): asking every 0.4 s instead.");
    expect(proxy.streams).toBe(1);
    expect(proxy.questions).toBeGreaterThan(1);
    await proxy.close();
  });

  test("and watches none is told what the gateway says, not that it cannot be streamed", async () => {
    const { exitCode, stderr } = await watch(gateway.url, "job_none");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^NOT_FOUND: /);
  });
});
