import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  byId,
  create,
  deliveriesOf,
  openWebhookHouse,
  type ToldTenant,
  verified,
  type WebhookHouse,
} from "../../support/webhook-house.ts";

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

describe("the types of events", () => {
  test("are all that an endpoint can ask for, each said in a sentence", async () => {
    const { owner } = told.tenant;
    const types = (await owner.ask("{ webhookEventTypes { name description } }")).data.webhookEventTypes;
    const events = types.map(({ name }: { name: string }) => name);
    expect(events).toContain("job.finished");
    for (const { description } of types) expect(description).toMatch(/^[A-Z].*\.$/);
    const made = await owner.ask(create, { input: { url: told.receiver.url, events } });
    expect(made.data.createWebhookEndpoint.endpoint.events.toSorted()).toEqual(events.toSorted());
  });
});

describe("an endpoint", () => {
  test("that answers 410 Gone is disabled at once, and says why; the audit log has it", async () => {
    told.receiver.answers(() => ({ code: 410 }));
    const { id } = await told.createEndpoint();
    await told.enqueue();
    await told.ended(id, "EXHAUSTED");
    const [endpoint] = (await told.tenant.owner.ask("{ webhookEndpoints { nodes { disabledFor failingSince } } }")).data
      .webhookEndpoints.nodes;
    expect(endpoint).toMatchObject({ disabledFor: "GONE" });
    const audit = await told.tenant.owner.ask("{ auditEvents { nodes { action actorId subjectId details } } }");
    expect(audit.data.auditEvents.nodes[0]).toEqual({
      action: "webhook_endpoint.disabled",
      actorId: "tollgate",
      subjectId: id,
      details: { reason: "GONE" },
    });
  });

  test("where nothing arrived for five days is disabled by the next failure, and by none before", async () => {
    told.receiver.answers(() => ({ code: 500 }));
    const { id } = await told.createEndpoint();
    const failAgain = async (attempts: number) => {
      await told.makeDue(id);
      await told.attempted(id, attempts);
      const [row] = await house.gateway.sql("select disabled_for from webhook_endpoints where id = $1", [id]);
      return row.disabled_for;
    };
    await told.enqueue();
    await told.attempted(id, 1);
    await house.gateway.sql("update webhook_endpoints set failing_since = now() - interval '4 days 23 hours'");
    expect(await failAgain(2)).toBeNull();
    await house.gateway.sql("update webhook_endpoints set failing_since = now() - interval '5 days 1 minute'");
    expect(await failAgain(3)).toBe("FAILING");
  });

  test("that is disabled is told nothing; what was on its way comes when it is enabled", async () => {
    told.receiver.answers(() => ({ code: 500 }));
    const { id } = await told.createEndpoint();
    await told.enqueue("invoice.issued", { n: 1 });
    await told.received(1);
    await told.tenant.owner.ask(byId("disableWebhookEndpoint", "disabledFor"), { id });
    await told.enqueue("invoice.issued", { n: 2 });
    await house.gateway.sql(
      "update webhook_deliveries set due_at = now() where endpoint_id = $1 and claimed_by is null",
      [id],
    );
    const refusal = await told.tenant.owner.refusal(byId("sendTestWebhook", "id"), { id });
    expect(refusal.extensions.code).toBe("CONFLICT");
    told.receiver.answers(() => ({ code: 200 }));
    const enabled = await told.tenant.owner.ask(byId("enableWebhookEndpoint", "disabledAt disabledFor failingSince"), {
      id,
    });
    expect(enabled.data.enableWebhookEndpoint).toEqual({ disabledAt: null, disabledFor: null, failingSince: null });
    await house.gateway.sql(
      "update webhook_deliveries set due_at = now() where endpoint_id = $1 and claimed_by is null",
      [id],
    );
    expect(await told.ended(id, "DELIVERED")).toMatchObject({ payload: { n: 1 } });
    expect(await told.deliveries(id)).toHaveLength(1);
  });

  test("whose secret is rotated signs with both until the overlap ends, then with the new one alone", async () => {
    const { id, secret } = await told.createEndpoint();
    const rotate = `mutation($id: ID!) { rotateWebhookSecret(input: { id: $id, overlapSeconds: 3600 }) { secret endpoint { secretVersion } } }`;
    const rotated = (await told.tenant.owner.ask(rotate, { id })).data.rotateWebhookSecret;
    expect(rotated.endpoint.secretVersion).toBe(2);
    expect(rotated.secret).not.toBe(secret);
    await told.enqueue();
    const [both] = await told.received(1);
    if (both === undefined) throw new Error("unreachable");
    expect(verified(rotated.secret, both)).toEqual(verified(secret, both));
    await house.gateway.sql("update webhook_endpoints set previous_secret_expires_at = now() where id = $1", [id]);
    await told.enqueue();
    const [, one] = await told.received(2);
    if (one === undefined) throw new Error("unreachable");
    verified(rotated.secret, one);
    expect(() => verified(secret, one)).toThrow("No matching signature found");
  });

  test("can be tested, whatever it subscribed to", async () => {
    const { id, secret } = await told.createEndpoint({ events: ["job.finished"] });
    await told.tenant.owner.ask(byId("sendTestWebhook", "id eventType status"), { id });
    const [webhook] = await told.received(1);
    if (webhook === undefined) throw new Error("unreachable");
    expect(verified(secret, webhook)).toMatchObject({ type: "webhook.test", data: { endpointId: id } });
  });

  test("that is deleted goes with its deliveries", async () => {
    const { id } = await told.createEndpoint();
    await told.enqueue();
    await told.ended(id, "DELIVERED");
    await told.tenant.owner.ask(byId("deleteWebhookEndpoint", "id url"), { id });
    expect(await house.gateway.sql("select 1 from webhook_deliveries where endpoint_id = $1", [id])).toEqual([]);
    expect((await told.tenant.owner.refusal(deliveriesOf, { id })).extensions.code).toBe("NOT_FOUND");
  });

  test("is changed where something is given, and stays as it was elsewhere", async () => {
    const { id } = await told.createEndpoint();
    const update = `mutation($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { url events description } }`;
    const changed = await told.tenant.owner.ask(update, {
      input: { id, events: ["job.finished"], description: " jobs " },
    });
    expect(changed.data.updateWebhookEndpoint).toEqual({
      url: told.receiver.url,
      events: ["job.finished"],
      description: "jobs",
    });
    const refused = await told.tenant.owner.refusal(update, { input: { id, url: "ftp://example.com" } });
    expect(refused).toMatchObject({ message: "url must begin with https://.", extensions: { code: "INVALID_INPUT" } });
  });

  test.each([
    ["no type", { events: [] }, /^events must name some of: limit\.threshold_reached, /],
    ["a type that there is not", { events: ["invoice.issued", "*"] }, /^events must name some of: /],
    ["no URL", { url: "example.com/hooks" }, /^url is not a URL/],
    ["a password in its URL", { url: "https://a:b@example.com/" }, /^url must not hold a user or password/],
    ["a description that is too long", { description: "x".repeat(201) }, /^description must be at most 200/],
  ])("with %s is INVALID_INPUT, and no row is written", async (_, wrong, message) => {
    const input = { url: told.receiver.url, events: ["invoice.issued"], ...wrong };
    const refusal = await told.tenant.owner.refusal(create, { input });
    expect(refusal.extensions.code).toBe("INVALID_INPUT");
    expect(refusal.message).toMatch(message);
    expect(await house.gateway.sql("select 1 from webhook_endpoints where tenant_id = $1", [told.tenant.id])).toEqual(
      [],
    );
  });

  test("beyond the twentieth is CONFLICT, however many are made at once", async () => {
    const input = { url: told.receiver.url, events: ["invoice.issued"] };
    const answers = await Promise.all(Array.from({ length: 24 }, () => told.tenant.owner.send(create, { input })));
    const codes = answers.flatMap(({ errors }) => errors.map((error) => error.extensions.code));
    expect(codes).toEqual(Array.from({ length: 4 }, () => "CONFLICT"));
  });

  test("keeps its secret to itself: it is in no row, no list and no audit event", async () => {
    const { id, secret } = await told.createEndpoint();
    await told.tenant.owner.ask(byId("sendTestWebhook", "id"), { id });
    await told.ended(id, "DELIVERED");
    const rows = await house.gateway.sql(
      `select (select json_agg(e) from webhook_endpoints e)::text || (select json_agg(d) from webhook_deliveries d)::text
              || (select json_agg(a) from audit_events a)::text as everything`,
    );
    expect(rows[0].everything).not.toContain(secret.slice("whsec_".length, -4));
  });
});
