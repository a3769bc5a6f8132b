import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { AnswerError } from "../../support/graphql-client.ts";
import { grey, JobClient } from "../../support/jobs.ts";
import { overEvents, overWebsocket, type Streamed } from "../../support/stream-client.ts";

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

const progressOf = (id: string) =>
  `subscription { jobProgress(id: "${id}") { state counts { total succeeded } itemsPerSecond } }`;
const inputs = Array.from({ length: 2_000 }, (_, index) => grey(index));

/** What a stream was refused with, wherever that stands: in an answer that is no stream, or as its first word. */
async function refusalIn(streamed: Streamed & { body?: string }) {
  if (!streamed.body) await streamed.untilEnd();
  const errors: AnswerError[] = streamed.body
    ? JSON.parse(streamed.body).errors
    : (streamed.errors ?? streamed.results[0]?.errors ?? []);
  return { code: errors[0]?.extensions.code, message: errors[0]?.message };
}

describe.each([
  ["WebSocket", overWebsocket],
  ["server-sent events", overEvents],
] as const)("progress over %s", (_name, open) => {
  test("begins with how the job stands, goes up, and ends with its end, from a gateway that does not work on it", async () => {
    const replica = await gateway.addReplica();
    const { id } = await jobs.submit({ model: "digits", source: { inputs } });
    const streamed = await open(replica.url, tenant.secret, progressOf(id));
    await streamed.untilEnd(60_000);
    const seen = streamed.results.map(({ data }) => data.jobProgress);
    expect(seen[0].counts.total).toBe(2_000);
    const ended = seen.map(({ counts }) => counts.succeeded);
    expect(ended).toEqual(ended.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ state: "SUCCEEDED", counts: { succeeded: 2_000 } });
  });

  test("of a job that has ended is its end; of another tenant's is the same as of none", async () => {
    const { id } = await jobs.submit({ model: "digits", source: { inputs: [grey(1)] } });
    await jobs.until(id, "SUCCEEDED");
    const late = await (await open(gateway.url, tenant.secret, progressOf(id))).untilEnd();
    expect(late.results.map(({ data }) => data.jobProgress.state)).toEqual(["SUCCEEDED"]);
    const stranger = await gateway.createTenant("Stranger");
    const [taken, free] = await Promise.all(
      [id, newId("job")].map(async (wanted) => refusalIn(await open(gateway.url, stranger.secret, progressOf(wanted)))),
    );
    expect(taken).toMatchObject({ code: "NOT_FOUND" });
    expect(taken).toEqual(free);
  });
});

test("the end of a job is in the outbox of the tenant's webhooks, with the commit that ended it", async () => {
  const other = await gateway.createTenant("Other");
  await other.owner.ask(
    'mutation { createWebhookEndpoint(input: { url: "http://127.0.0.1:9/jobs", events: ["job.finished"] }) { secret } }',
  );
  const client = new JobClient(other.key);
  const { id } = await client.submit({ model: "digits", source: { inputs: [grey(1), grey(2)] } });
  await client.until(id, "SUCCEEDED");
  const rows = await gateway.sql("select event_type, payload from webhook_deliveries where tenant_id = $1", [other.id]);
  expect(rows).toEqual([
    {
      event_type: "job.finished",
      payload: expect.objectContaining({
        jobId: id,
        state: "SUCCEEDED",
        itemsSucceeded: 2,
        itemsFailed: 0,
        amountMicros: "200",
      }),
    },
  ]);
});
