import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let other: GraphqlClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  const replica = await gateway.addReplica();
  other = new GraphqlClient(replica.url, tenant.secret);
});

afterAll(async () => {
  await gateway.close();
});

const input = (idempotencyKey: string, value = 7) => ({
  model: "digits",
  inputs: [{ tensor: { dtype: "uint8", shape: [784], data: Buffer.alloc(784, value).toString("base64") } }],
  idempotencyKey,
});
const fields =
  "id alias outputs { index label score scores { label score } truncated } usage { meter quantity amount } createdAt version { version } model { name }";
const eventsWithKey = async (key: string) =>
  await gateway.sql("select quantity::int from usage_events where tenant_id = $1 and idempotency_key = $2", [
    tenant.id,
    key,
  ]);

test("fifty repeats at once, on two gateways, are charged once and get one answer", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? tenant.key : other).infer(input("fifty"), fields)),
  );
  expect(answers.flatMap((answer) => answer.errors)).toEqual([]);
  const first = answers[0]?.data.infer;
  for (const answer of answers) expect(answer.data.infer).toEqual(first);
  expect(await eventsWithKey("fifty")).toEqual([{ quantity: 1 }]);
});

test("a later repeat, on the other gateway, gets the stored answer", async () => {
  const first = await tenant.key.infer(input("later"), fields);
  const repeat = await other.infer(input("later"), fields);
  expect(repeat.data).toEqual(first.data);
  expect(await eventsWithKey("later")).toHaveLength(1);
});

test("the key of another request is a conflict, in progress and after", async () => {
  const [, during] = await Promise.all([tenant.key.infer(input("clash", 1)), tenant.key.infer(input("clash", 2))]);
  const after = await other.infer(input("clash", 3));
  expect(during.errors[0]?.extensions.code).toBe("CONFLICT");
  expect(after.errors[0]?.extensions.code).toBe("CONFLICT");
  expect(await eventsWithKey("clash")).toHaveLength(1);
});

test("what a gateway that is gone was charged for is finished by the next repeat, under the same id and no second charge", async () => {
  const first = await tenant.key.infer(input("orphan"), fields);
  await gateway.sql("update idempotency_keys set answer = null, holder = 'gtw_gone' where key = 'orphan'");
  const [one, two] = await Promise.all([
    tenant.key.infer(input("orphan"), fields),
    other.infer(input("orphan"), fields),
  ]);
  for (const answer of [one, two]) {
    expect(answer.errors).toEqual([]);
    expect(answer.data.infer.id).toBe(first.data.infer.id);
    expect(answer.data.infer.outputs).toEqual(first.data.infer.outputs);
  }
  expect(await eventsWithKey("orphan")).toHaveLength(1);
});

test("another tenant's equal key is another request", async () => {
  const stranger = await gateway.createTenant();
  const mine = await tenant.key.infer(input("shared"), "id");
  const theirs = await stranger.key.infer(input("shared"), "id");
  expect(theirs.errors).toEqual([]);
  expect(theirs.data.infer.id).not.toBe(mine.data.infer.id);
});

test("a key older than a day is forgotten", async () => {
  const first = await tenant.key.infer(input("old"), "id");
  await gateway.sql("update idempotency_keys set expires_at = now() where key = 'old'");
  const again = await tenant.key.infer(input("old"), "id");
  expect(again.data.infer.id).not.toBe(first.data.infer.id);
  expect(await eventsWithKey("old")).toHaveLength(2);
});
