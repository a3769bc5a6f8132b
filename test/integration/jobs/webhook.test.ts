import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { grey, JobClient } from "../../support/jobs.ts";
import { byId, openWebhookHouse, verified, type WebhookHouse } from "../../support/webhook-house.ts";

let house: WebhookHouse;

beforeAll(async () => {
  house = await openWebhookHouse();
});

afterAll(async () => {
  await house.close();
});

const one = { model: "digits", source: { inputs: [grey(1)] } };
const submit = "mutation($input: SubmitJobInput!) { submitJob(input: $input) { id } }";

describe("a job that names a webhook endpoint", () => {
  test("tells it of its end, signed, though it is not told of other jobs; and again when asked to", async () => {
    const told = await house.createTenant();
    const { id: endpointId, secret } = await told.createEndpoint({ events: ["invoice.issued"] });
    const jobs = new JobClient(told.tenant.key);
    const silent = await jobs.submit(one);
    await jobs.until(silent.id, "SUCCEEDED");
    const { id } = await jobs.submit({ ...one, webhook: endpointId });
    await jobs.until(id, "SUCCEEDED");
    const [webhook] = await told.received(1);
    if (webhook === undefined) throw new Error("nothing came");
    expect(verified(secret, webhook)).toMatchObject({
      type: "job.finished",
      data: { jobId: id, state: "SUCCEEDED", itemsSucceeded: 1, resultsPath: `/jobs/${id}/results` },
    });
    const delivered = await told.ended(endpointId, "DELIVERED");
    await told.tenant.owner.ask(byId("replayWebhookDelivery", "id"), { id: delivered.id });
    const [first, again] = await told.received(2);
    expect(again?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(await told.deliveries(endpointId)).toHaveLength(1);
  });

  test("that is told of finished jobs anyway is told once; other endpoints are told all the same", async () => {
    const told = await house.createTenant();
    const named = await told.createEndpoint({ events: ["job.finished"] });
    const ordinary = await told.createEndpoint({ events: ["job.finished"] });
    const jobs = new JobClient(told.tenant.key);
    const { id } = await jobs.submit({ ...one, webhook: named.id });
    await jobs.until(id, "SUCCEEDED");
    const [ofNamed, ofOrdinary] = [await told.deliveries(named.id), await told.deliveries(ordinary.id)];
    expect([ofNamed.length, ofOrdinary.length]).toEqual([1, 1]);
    expect(ofNamed[0].eventId).toBe(ofOrdinary[0].eventId);
  });

  test("is told of each end: of a retry as well", async () => {
    const told = await house.createTenant();
    const { id: webhook } = await told.createEndpoint();
    const jobs = new JobClient(told.tenant.key);
    const bad = { tensor: { dtype: "uint8", shape: [784], data: "AAAA" } };
    const { id } = await jobs.submit({ model: "digits", source: { inputs: [bad] }, webhook });
    await jobs.until(id, "FAILED");
    await jobs.change("retryJob", id);
    const received = await told.received(2);
    expect(received.map(({ body }) => JSON.parse(body).data.round)).toEqual([1, 2]);
  });

  test("that is disabled when the job ends gets it when it is enabled again", async () => {
    const told = await house.createTenant();
    const { id: webhook } = await told.createEndpoint();
    const jobs = new JobClient(told.tenant.key);
    const { id } = await jobs.submit({ model: "digits", source: { inputs: Array(5_000).fill(grey(1)) }, webhook });
    await told.tenant.owner.ask(byId("disableWebhookEndpoint", "id"), { id: webhook });
    await jobs.until(id, "SUCCEEDED");
    expect(await told.deliveries(webhook)).toMatchObject([{ status: "PENDING", attempts: [] }]);
    await told.tenant.owner.ask(byId("enableWebhookEndpoint", "id"), { id: webhook });
    expect(await told.received(1)).toHaveLength(1);
  });

  test("that is deleted meanwhile ends all the same, and tells nobody", async () => {
    const told = await house.createTenant();
    const { id: webhook } = await told.createEndpoint();
    const jobs = new JobClient(told.tenant.key);
    const { id } = await jobs.submit({ model: "digits", source: { inputs: Array(2_000).fill(grey(1)) }, webhook });
    await told.tenant.owner.ask(byId("deleteWebhookEndpoint", "id"), { id: webhook });
    await jobs.until(id, "SUCCEEDED");
    const shown = await told.tenant.key.ask("query($id: ID!) { job(id: $id) { webhookEndpointId } }", { id });
    expect(shown.data.job.webhookEndpointId).toBeNull();
  });
});

describe("a webhook that cannot be told is refused, and there is no job:", () => {
  test("one that is disabled", async () => {
    const told = await house.createTenant();
    const { id: webhook } = await told.createEndpoint();
    await told.tenant.owner.ask(byId("disableWebhookEndpoint", "id"), { id: webhook });
    const refusal = await told.tenant.key.refusal(submit, { input: { ...one, webhook } });
    expect(refusal.extensions.code).toBe("CONFLICT");
    expect((await told.tenant.key.ask("{ jobs { nodes { id } } }")).data.jobs.nodes).toEqual([]);
  });

  test("another tenant's, in the same words as one that never was, and as one that is a URL", async () => {
    const [owner, stranger] = [await house.createTenant(), await house.createTenant()];
    const { id } = await owner.createEndpoint();
    for (const webhook of [id, newId("webhookEndpoint"), "https://example.com/hooks"]) {
      const refusal = await stranger.tenant.key.refusal(submit, { input: { ...one, webhook } });
      expect([refusal.extensions.code, refusal.message]).toEqual([
        "NOT_FOUND",
        expect.stringMatching(/webhook endpoint/),
      ]);
      expect(refusal.message).not.toContain(webhook);
    }
    expect((await stranger.tenant.key.ask("{ jobs { nodes { id } } }")).data.jobs.nodes).toEqual([]);
  });
});
