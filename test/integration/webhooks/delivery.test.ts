import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { byId, openWebhookHouse, type ToldTenant, verified, type WebhookHouse } from "../../support/webhook-house.ts";
import { WebhookReceiver } from "../../support/webhook-receiver.ts";

let house: WebhookHouse;
let told: ToldTenant;

beforeAll(async () => {
  house = await openWebhookHouse();
});

afterAll(async () => {
  await house.close();
});

beforeEach(async () => {
  told = await house.createTenant();
});

afterEach(async () => {
  await told.receiver.close();
});

describe("an event", () => {
  test("comes to every endpoint that asked for its type, signed with the secret that was shown once", async () => {
    const other = await WebhookReceiver.start();
    const wanted = await told.createEndpoint();
    const too = await told.createEndpoint({ url: other.url, events: ["invoice.issued", "job.finished"] });
    await told.createEndpoint({ events: ["job.finished"] });
    await told.enqueue("invoice.issued", { invoiceId: "ivc_1", total: "12000000" });
    const [first] = await told.received(1);
    const [second] = await other.untilReceived(1);
    if (first === undefined || second === undefined) throw new Error("unreachable");
    const body = verified(wanted.secret, first);
    expect(body).toEqual({
      type: "invoice.issued",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      tenantId: told.tenant.id,
      data: { invoiceId: "ivc_1", total: "12000000" },
    });
    expect(verified(too.secret, second)).toEqual(body);
    expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
    expect(() => verified(wanted.secret, second)).toThrow("No matching signature found");
    expect(told.receiver.received).toHaveLength(1);
    await other.close();
  });

  test("of another tenant comes to nobody else", async () => {
    const stranger = await house.gateway.createTenant("Rival");
    const { id } = await told.createEndpoint();
    await told.enqueue("invoice.issued", {}, stranger.id);
    await told.enqueue("invoice.issued", { mine: true });
    await told.received(1);
    expect((await told.deliveries(id)).map((one: { payload: object }) => one.payload)).toEqual([{ mine: true }]);
  });

  test("under an event id of its own is told once, however often it is put into the outbox", async () => {
    const { id } = await told.createEndpoint();
    const event = newId("webhookEvent");
    for (let i = 0; i < 3; i++) {
      await house.gateway.sql("select enqueue_webhook($1, 'invoice.issued', '{}', $2)", [told.tenant.id, event]);
    }
    await told.ended(id, "DELIVERED");
    expect((await told.deliveries(id)).map((one: { eventId: string }) => one.eventId)).toEqual([event]);
  });

  test("that is rolled back with what it tells of is never told", async () => {
    const { id } = await told.createEndpoint();
    await expect(
      house.gateway.sql(
        `do $$ begin perform enqueue_webhook('${told.tenant.id}', 'invoice.issued', '{}'); raise exception 'rolled back'; end $$`,
      ),
    ).rejects.toThrow("rolled back");
    expect(await told.deliveries(id)).toEqual([]);
  });
});

describe("an attempt that fails", () => {
  test("is written down with its code and how the answer began, and comes again later under the same id", async () => {
    told.receiver.answers(() => ({ code: 500, body: `no\u0000pe ${"x".repeat(5_000)}` }));
    const { id } = await told.createEndpoint();
    await told.enqueue();
    const failed = await eventually(
      async () => (await told.deliveries(id)).find((one: { attempts: [] }) => one.attempts.length),
      {
        withinMs: 10_000,
        what: "the attempt to be written down",
      },
    );
    expect(failed).toMatchObject({ status: "PENDING", attemptCount: 1, endedAt: null });
    const [attempt] = failed.attempts;
    expect(attempt).toMatchObject({ responseCode: 500, error: "It answered 500." });
    expect(attempt.responseStart).toMatch(/^no·pe x{1000,1024}$/);
    const waitMs = Date.parse(failed.nextAttemptAt) - Date.now();
    expect(waitMs).toBeGreaterThan(1_000);
    expect(waitMs).toBeLessThan(6_000);
    told.receiver.answers(() => ({ code: 200 }));
    await house.gateway.sql("update webhook_deliveries set due_at = now() where id = $1", [failed.id]);
    expect(await told.ended(id, "DELIVERED")).toMatchObject({ attemptCount: 2, nextAttemptAt: null });
    expect(new Set(told.receiver.ids)).toEqual(new Set([failed.eventId]));
    expect(new Set(told.receiver.received.map(({ body }) => body)).size).toBe(1);
  });

  test.each([
    [
      "redirects",
      () => ({ code: 302, headers: { location: "/elsewhere" } }),
      "It answered 302: redirects are not followed.",
    ],
    ["does not answer in time", () => new Promise<never>(() => {}), "It did not answer within 1000 ms."],
  ])("of a receiver that %s says so", async (_, answer, error) => {
    told.receiver.answers(answer);
    const { id } = await told.createEndpoint();
    await told.enqueue();
    const failed = await eventually(
      async () => (await told.deliveries(id)).find((one: { attempts: [] }) => one.attempts.length),
      {
        withinMs: 10_000,
        what: "the attempt to be written down",
      },
    );
    expect(failed.attempts[0].error).toBe(error);
    expect(told.receiver.received).toHaveLength(1);
  });

  test("for the thirteenth time gives the delivery up, and a replay gives it all its tries again", async () => {
    told.receiver.answers(() => ({ code: 503 }));
    const { id } = await told.createEndpoint();
    await told.enqueue();
    await told.received(1);
    await told.attempted(id, 1);
    await house.gateway.sql("update webhook_deliveries set tries = 12, due_at = now() where endpoint_id = $1", [id]);
    const exhausted = await told.ended(id, "EXHAUSTED");
    expect(exhausted.endedAt).not.toBeNull();
    told.receiver.answers(() => ({ code: 200 }));
    const replayed = await told.tenant.owner.ask(byId("replayWebhookDelivery", "id eventId status"), {
      id: exhausted.id,
    });
    expect(replayed.data.replayWebhookDelivery).toEqual({
      id: exhausted.id,
      eventId: exhausted.eventId,
      status: "PENDING",
    });
    expect(await told.ended(id, "DELIVERED")).toMatchObject({ id: exhausted.id, attemptCount: 3 });
  });
});

test("one slow endpoint holds four places and delays neither its tenant's others nor anybody else", async () => {
  const release = new AbortController();
  const slow = await WebhookReceiver.start();
  slow.answers(() => new Promise((resolve) => release.signal.addEventListener("abort", () => resolve({ code: 200 }))));
  await told.createEndpoint({ url: slow.url, events: ["job.finished"] });
  const { id } = await told.createEndpoint();
  for (let i = 0; i < 100; i++) await told.enqueue("job.finished", { i });
  for (let i = 0; i < 10; i++) await told.enqueue("invoice.issued", { i });
  await eventually(async () => (await told.deliveries(id, { status: "DELIVERED" })).length === 10, {
    withinMs: 10_000,
    what: "the quick endpoint to be told of everything",
  });
  const [underWay] = await house.gateway.sql(
    "select count(*)::int as n from webhook_deliveries where event_type = 'job.finished' and claimed_by is not null and due_at > now()",
  );
  expect(underWay.n).toBeLessThanOrEqual(4);
  release.abort();
  await slow.close();
});

test("a key that stops within a week is told of, once", async () => {
  const { id } = await told.createEndpoint({ events: ["api_key.expiring"] });
  const soon = new Date(Date.now() + 3 * 86_400_000);
  const issued = await told.tenant.owner.ask(
    `mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { apiKey { id } } }`,
    { input: { name: "soon", permissions: ["models:read"], expiresAt: soon.toISOString() } },
  );
  for (let i = 0; i < 2; i++) await house.gateway.app.webhooks.outbox.enqueueExpiringKeys();
  const delivered = await told.ended(id, "DELIVERED");
  expect(delivered.payload).toEqual({
    apiKeyId: issued.data.issueApiKey.apiKey.id,
    name: "soon",
    expiresAt: soon.toISOString(),
  });
  expect(await told.deliveries(id)).toHaveLength(1);
});

test("deliveries that ended long ago are forgotten, those that wait are not", async () => {
  const { id } = await told.createEndpoint();
  await told.enqueue();
  await told.ended(id, "DELIVERED");
  told.receiver.answers(() => ({ code: 500 }));
  await told.enqueue();
  await told.received(2);
  await house.gateway.sql(
    "update webhook_deliveries set ended_at = now() - interval '31 days' where ended_at is not null",
  );
  await house.gateway.app.webhooks.outbox.deleteEnded(30);
  expect((await told.deliveries(id)).map((one: { status: string }) => one.status)).toEqual(["PENDING"]);
});
