import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare } from "../../support/people.ts";
import { overEvents, overWebsocket, type Streamed } from "../../support/stream-client.ts";

let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway({ MAX_STREAMS_PER_TENANT: "3" });
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const ticks = "subscription { usageTicks { startsAt endsAt usage { meter quantity amount } } }";
const infer = (of: TestTenant, inputs: number) =>
  of.key.infer({ model: "digits", inputs: Array.from({ length: inputs }, () => greySquare) });
const quantityOf = (streamed: Streamed) =>
  streamed.results.flatMap(({ data }) => data.usageTicks.usage).reduce((sum, { quantity }) => sum + quantity, 0);
const open = (of: TestTenant, how: string, url = gateway.url): Streamed | Promise<Streamed> =>
  how === "WebSocket" ? overWebsocket(url, of.secret, ticks) : overEvents(url, of.secret, ticks);
/** A stream that has begun, with an empty tick, tells of all that is used from now on. */
const begun = async (of: TestTenant, how: string, url = gateway.url) => {
  const streamed = await open(of, how, url);
  await streamed.untilResults(1);
  return streamed;
};

describe.each(["WebSocket", "server-sent events"])("usageTicks over %s", (how) => {
  test("tells what the tenant uses on any gateway, to the unit, and nothing of another tenant", async () => {
    const own = await gateway.createTenant();
    const replica = await gateway.addReplica();
    const streamed = await begun(own, how, replica.url);
    await infer(tenant, 7);
    await Promise.all([infer(own, 5), infer(own, 11)]);
    await eventually(() => quantityOf(streamed) >= 16, { withinMs: 5_000, what: "16 inputs to be told" });
    expect(quantityOf(streamed)).toBe(16);
    const [first, ...rest] = streamed.results;
    expect(first?.data.usageTicks.usage).toEqual([]);
    for (const { data } of rest) {
      const { startsAt, endsAt, usage } = data.usageTicks;
      expect(Date.parse(endsAt)).toBeGreaterThan(Date.parse(startsAt));
      expect(usage).toEqual([
        { meter: "inputs", quantity: expect.any(Number), amount: String(usage[0].quantity * 100) },
      ]);
    }
    streamed.stop();
  });

  test("ends within a second of its key's revocation, on a gateway that nobody asks anything", async () => {
    const own = await gateway.createTenant();
    const streamed = await begun(own, how);
    const revokedAt = performance.now();
    await own.owner.ask("mutation($id: ID!) { revokeApiKey(input: { id: $id }) { id } }", { id: own.apiKeyId });
    await streamed.untilEnd();
    expect(performance.now() - revokedAt).toBeLessThan(1_000);
    const last = streamed.results.at(-1);
    const told = how === "WebSocket" ? streamed.closed?.reason : last?.errors?.[0]?.message;
    expect(told).toContain("The API key was revoked");
    if (how === "WebSocket") expect(streamed.closed?.code).toBe(4401);
    else expect(last?.errors?.[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  test("ends when the key may no longer see usage", async () => {
    const own = await gateway.createTenant();
    const streamed = await begun(own, how);
    await gateway.sql("update api_keys set permissions = '{models:read}' where id = $1", [own.apiKeyId]);
    await streamed.untilEnd(2_000);
    const again = await (await open(own, how)).untilEnd();
    const errors = again.errors ?? again.results[0]?.errors;
    expect(errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  });

  test("beyond the tenant's third is OVERLOADED, and the others go on", async () => {
    const own = await gateway.createTenant();
    const streams = [];
    for (let i = 0; i < 3; i++) streams.push(await begun(own, how));
    const fourth = await open(own, how);
    if (how === "WebSocket") {
      await fourth.untilEnd();
      expect(fourth.closed).toEqual({
        code: 1013,
        reason: expect.stringMatching(/^OVERLOADED: The tenant has 3 streams/),
      });
    } else
      expect(fourth).toMatchObject({ status: 503, body: expect.stringContaining("The tenant has 3 streams open") });
    const before = streams.map((one) => one.results.length);
    await infer(own, 1);
    for (const [i, one] of streams.entries()) await one.untilResults((before[i] ?? 0) + 1);
    streams[0]?.stop();
    const fifth = await eventually(
      async () => {
        const one = await open(own, how);
        await infer(own, 1);
        await eventually(() => one.hasEnded || ("body" in one && one.body !== "") || one.results.length > 0, {
          withinMs: 5_000,
          what: "the stream to begin or be refused",
        });
        return one.results.length > 0 && one;
      },
      { withinMs: 10_000, what: "the place of the one who left" },
    );
    for (const one of [...streams, fifth as Streamed]) one.stop();
  });

  test("without a credential is UNAUTHENTICATED", async () => {
    if (how === "WebSocket") {
      const streamed = await overWebsocket(gateway.url, undefined, ticks).untilEnd();
      expect(streamed.closed).toEqual({
        code: 4401,
        reason: expect.stringMatching(/^UNAUTHENTICATED: Send a credential/),
      });
    } else expect(await overEvents(gateway.url, undefined, ticks)).toMatchObject({ status: 401 });
  });

  test.each([
    [
      "a query",
      "{ me { kind } }",
      "INVALID_INPUT",
      "Only subscriptions are streamed. Send queries and mutations by POST.",
    ],
    [
      "a mutation",
      "mutation { signOut }",
      "INVALID_INPUT",
      "Only subscriptions are streamed. Send queries and mutations by POST.",
    ],
    ["nonsense", "subscription { ", "INVALID_INPUT", "Syntax Error: Expected Name, found <EOF>."],
    [
      "a field that there is not",
      "subscription { nothing }",
      "INVALID_INPUT",
      'Cannot query field "nothing" on type "Subscription".',
    ],
    ["too much", `subscription { usageTicks { ${"a: startsAt ".repeat(700)} } }`, "QUERY_TOO_COMPLEX", /too long/],
  ])("refuses %s, with one error", async (_, query, code, message) => {
    const streamed =
      how === "WebSocket"
        ? overWebsocket(gateway.url, tenant.secret, query)
        : await overEvents(gateway.url, tenant.secret, query);
    await streamed.untilEnd();
    const errors = streamed.errors ?? streamed.results[0]?.errors ?? [];
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
    expect(errors[0]?.extensions.requestId).toMatch(/^req_/);
    streamed.stop();
  });
});

test("an operator, who has no tenant, is FORBIDDEN", async () => {
  const operator = await gateway.createOperator();
  const streamed = await overWebsocket(gateway.url, operator.credential, ticks).untilEnd();
  expect(streamed.results[0]?.errors?.map((error) => error.extensions.code)).toEqual(["FORBIDDEN"]);
  streamed.stop();
});

test("streams are counted for operators, and end when the gateway stops", async () => {
  const own = await gateway.createTenant();
  const replica = await gateway.addReplica();
  const streams = [await begun(own, "WebSocket", replica.url), await begun(own, "server-sent events", replica.url)];
  const metrics = await (await fetch(`${replica.url}/metrics`)).text();
  expect(metrics).toContain("tollgate_streams 2");
  const stoppedAt = performance.now();
  await replica.close();
  expect(performance.now() - stoppedAt).toBeLessThan(5_000);
  for (const streamed of streams) await streamed.untilEnd();
  expect(streams[0]?.closed).toEqual({ code: 1013, reason: "OVERLOADED: This gateway stops. Connect again." });
  expect(streams[1]?.results.at(-1)?.errors?.[0]?.message).toBe("This gateway stops. Connect again.");
});
