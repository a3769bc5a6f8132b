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

test("a key that Postgres could not hold is refused alone, and spoils no charge that would have shared its commit", async () => {
  const spoilers = ["\u0000", "half \ud800 a character"];
  const answers = await Promise.all([
    ...spoilers.map((key) => tenant.key.infer(input(key))),
    ...Array.from({ length: 10 }, () => tenant.key.infer({ ...input(""), idempotencyKey: null })),
  ]);
  const codes = answers.map((answer) => answer.errors[0]?.extensions.code);
  expect(codes).toEqual([...spoilers.map(() => "INVALID_INPUT"), ...Array.from({ length: 10 }, () => undefined)]);
});

test("an answer is not given that could not be stored: its charge is taken back, and the repeat is charged anew", async () => {
  await gateway.sql(`
    create function refuse_answer() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$`);
  await gateway.sql(`
    create trigger refuse_answer before update of answer on idempotency_keys
      for each row when (new.key = 'unstored') execute function refuse_answer()`);
  const refused = await tenant.key.infer(input("unstored"));
  expect(refused.errors[0]?.extensions.code).toBe("OVERLOADED");
  await gateway.sql("drop trigger refuse_answer on idempotency_keys");
  const repeat = await other.infer(input("unstored"));
  expect(repeat.errors).toEqual([]);
  const net = (await eventsWithKey("unstored")).reduce((sum, { quantity }) => sum + quantity, 0);
  expect(net).toBe(1);
});

test("an answer is not given whose charge was taken back while it was worked out", async () => {
  // What a store meets that finds its key gone: nothing to update.
  await gateway.sql("create function skip_answer() returns trigger language plpgsql as $$ begin return null; end $$");
  await gateway.sql(`
    create trigger skip_answer before update of answer on idempotency_keys
      for each row when (new.key = 'gone') execute function skip_answer()`);
  const refused = await tenant.key.infer(input("gone"));
  await gateway.sql("drop trigger skip_answer on idempotency_keys");
  expect(refused.errors[0]?.extensions.code).toBe("OVERLOADED");
  expect((await eventsWithKey("gone")).map(({ quantity }) => quantity).sort()).toEqual([-1, 1]);
});

test("a gateway that was taken for dead gives the answer that the other one stored", async () => {
  const first = await tenant.key.infer(input("taken"), fields);
  await gateway.sql("update idempotency_keys set answer = null, holder = 'gtw_gone' where key = 'taken'");
  // The other one is first to store: it is this one's turn to find an answer there.
  await gateway.sql(`
    create function store_first() returns trigger language plpgsql as $$
      begin
        new.answer := jsonb_set(new.answer, '{createdAt}', '"2026-01-01T00:00:00.000Z"');
        return new;
      end $$`);
  await gateway.sql(`
    create trigger store_first before update of answer on idempotency_keys
      for each row when (new.key = 'taken') execute function store_first()`);
  const repeat = await tenant.key.infer(input("taken"), fields);
  await gateway.sql("drop trigger store_first on idempotency_keys");
  expect(repeat.data.infer).toEqual({ ...first.data.infer, createdAt: "2026-01-01T00:00:00.000Z" });
});
