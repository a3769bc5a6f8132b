import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { itsNumbers, numberInput, numbersOf, RegistryClient, timesFile } from "../../support/registry.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let registry: RegistryClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  registry = new RegistryClient(tenant.owner);
});

afterAll(async () => {
  await gateway.close();
});

/** A new model with so many ready versions, each of which answers its number times what it is given. */
async function modelWith(name: string, versions: number): Promise<string> {
  for (let version = 1; version <= versions; version++)
    expect(await registry.register(name, timesFile(version))).toMatchObject({ version, state: "READY" });
  return name;
}

/** The version that a caller is answered by. */
async function answeredBy(client: GraphqlClient, model: string, rest: Record<string, unknown> = {}): Promise<number> {
  const answer = await client.infer(
    { model, inputs: [numberInput(1)], ...rest },
    `outputs { ${itsNumbers} } version { version }`,
  );
  const [error] = answer.errors;
  if (error !== undefined) throw new Error(`${error.extensions.code}: ${error.message}`);
  const { outputs, version } = answer.data.infer;
  expect(numbersOf(outputs[0])).toEqual([version.version]);
  return version.version;
}

async function codeOf(asking: Promise<{ errors: { extensions: { code: string } }[] }>): Promise<string[]> {
  return (await asking).errors.map((error) => error.extensions.code);
}

const to = (...targets: [version: number, weight: number][]) =>
  targets.map(([version, weight]) => ({ version, weight }));

test("a model's first ready version is stable by itself; the next ones wait to be pointed at", async () => {
  const model = await modelWith("first", 2);
  expect(await answeredBy(tenant.key, model)).toBe(1);
  const moved = await registry.point({ model, alias: "stable", targets: to([2, 100]), expectedRevision: 1 });
  expect(moved.data.pointAlias).toMatchObject({ revision: 2, targets: [{ weight: 100, version: { version: 2 } }] });
  expect(await answeredBy(tenant.key, model)).toBe(2);
  expect(await answeredBy(tenant.key, model, { version: 1 })).toBe(1);
});

test("of two who move an alias from the same revision, one is told that it has moved", async () => {
  const model = await modelWith("raced", 2);
  const moves = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      registry.point({ model, alias: "stable", targets: to([(i % 2) + 1, 100]), expectedRevision: 1 }),
    ),
  );
  const codes = moves.flatMap((move) => move.errors.map((error) => error.extensions.code));
  expect(codes).toEqual(Array(5).fill("CONFLICT"));
  const [alias] = await gateway.sql(
    "select a.revision from aliases a join models m on m.id = a.model_id where m.name = 'raced'",
  );
  expect(alias).toEqual({ revision: 2 });
});

test("a caller sees one version while the weights stand, and the callers together see the weights", async () => {
  const model = await modelWith("weighed", 2);
  await registry.point({ model, alias: "canary", targets: to([1, 50], [2, 50]), expectedRevision: 0 });
  const keys = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const input = { name: `k${i}`, permissions: ["inferences:create"] };
      const issued = await tenant.owner.ask(
        "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }",
        { input },
      );
      return gateway.client(issued.data.issueApiKey.secret);
    }),
  );
  const seen = await Promise.all(
    keys.map(async (key) => {
      const first = await answeredBy(key, model, { alias: "canary" });
      for (let again = 0; again < 5; again++) expect(await answeredBy(key, model, { alias: "canary" })).toBe(first);
      return first;
    }),
  );
  expect(new Set(seen)).toEqual(new Set([1, 2]));
});

test("rolling back goes to the targets before, and again further back, never to and fro", async () => {
  const model = await modelWith("back", 3);
  await registry.point({ model, alias: "stable", targets: to([2, 100]) });
  await registry.point({ model, alias: "stable", targets: to([3, 100]) });
  const back = async () => (await registry.rollBack({ model, alias: "stable", reason: "worse" })).data.rollBackAlias;
  expect(await back()).toMatchObject({ revision: 4, targets: [{ version: { version: 2 } }] });
  expect(await answeredBy(tenant.key, model)).toBe(2);
  expect(await back()).toMatchObject({ revision: 5, targets: [{ version: { version: 1 } }] });
  expect(await codeOf(registry.rollBack({ model, alias: "stable" }))).toEqual(["CONFLICT"]);
  const history = await tenant.owner.ask(
    "query($name: String!) { model(name: $name) { aliases { history { revision cause reason targets { version { version } } } } } }",
    { name: model },
  );
  const moves: { revision: number; cause: string; reason: string | null }[] = history.data.model.aliases[0].history;
  expect(moves.map(({ revision, cause, reason }) => [revision, cause, reason])).toEqual([
    [5, "ROLLED_BACK", "worse"],
    [4, "ROLLED_BACK", "worse"],
    [3, "POINTED", null],
    [2, "POINTED", null],
    [1, "FIRST_VERSION", null],
  ]);
});

describe("an alias is not pointed", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["at nothing", { targets: [] }, "INVALID_INPUT"],
    ["at shadows alone", { targets: to([1, 0]) }, "INVALID_INPUT"],
    ["by a weight that is none", { targets: to([1, 101]) }, "INVALID_INPUT"],
    ["at one version twice", { targets: to([1, 1], [1, 2]) }, "INVALID_INPUT"],
    ["at a version that is not there", { targets: to([9, 1]) }, "NOT_FOUND"],
    ["at a version that was rejected", { targets: to([2, 1]) }, "CONFLICT"],
    ["under a name that is none", { alias: "A b" }, "INVALID_INPUT"],
    ["for a model that is not there", { model: "nothing" }, "NOT_FOUND"],
    ["for a model of the platform", { model: "digits" }, "FORBIDDEN"],
    ["from a revision that never was", { expectedRevision: 5 }, "CONFLICT"],
    ["with a guard without bounds", { guard: { minRequests: 5 } }, "INVALID_INPUT"],
  ])("%s", async (_what, input, code) => {
    if ((await tenant.owner.send('{ model(name: "kept") { name } }')).errors.length > 0) {
      await modelWith("kept", 1);
      expect(await registry.register("kept", Buffer.from("nothing"))).toMatchObject({ state: "REJECTED" });
    }
    const before = await gateway.sql("select count(*) from alias_revisions");
    expect(await codeOf(registry.point({ model: "kept", alias: "stable", targets: to([1, 1]), ...input }))).toEqual([
      code,
    ]);
    expect(await gateway.sql("select count(*) from alias_revisions")).toEqual(before);
  });
});

describe("a version is retired", () => {
  test("when no alias points at it: it drains, and answers nobody new", async () => {
    const model = await modelWith("retiring", 2);
    const refused = await registry.retire(model, 1);
    expect(refused.errors.map((error) => error.extensions.code)).toEqual(["CONFLICT"]);
    expect(refused.errors[0]?.message).toContain("answers for stable");
    await registry.point({ model, alias: "stable", targets: to([2, 100]) });
    expect((await registry.retire(model, 1)).errors).toEqual([]);
    await eventually(async () => (await registry.stateOf(model, 1)) === "RETIRED", {
      withinMs: 5_000,
      what: "it is retired",
    });
    expect(await codeOf(tenant.key.infer({ model, version: 1, inputs: [numberInput(1)] }))).toEqual([
      "MODEL_NOT_READY",
    ]);
    expect(await codeOf(registry.point({ model, alias: "old", targets: to([1, 1]) }))).toEqual(["CONFLICT"]);
    expect((await registry.retire(model, 1)).data.retireModelVersion.state).toBe("RETIRED");
  });

  test("while requests for it are under way: each of them is answered by it", async () => {
    const model = await modelWith("busy", 2);
    const asking = Array.from({ length: 100 }, () => answeredBy(tenant.key, model));
    await Promise.race(asking);
    await registry.point({ model, alias: "stable", targets: to([2, 100]) });
    await registry.retire(model, 1);
    const answers = await Promise.all(asking);
    expect(answers.every((version) => version === 1 || version === 2)).toBe(true);
    await eventually(async () => (await registry.stateOf(model, 1)) === "RETIRED", {
      withinMs: 5_000,
      what: "it is retired",
    });
  });
});

test("moves under load lose no request, on the gateway that moves and on another", async () => {
  const replica = await gateway.addReplica();
  const model = await modelWith("swapped", 2);
  let isDone = false;
  const clients = [gateway.client(tenant.secret), new GraphqlClient(replica.url, tenant.secret)];
  const counts = [0, 0];
  const asking = clients.flatMap((client, at) =>
    Array.from({ length: 8 }, async () => {
      while (!isDone) {
        await answeredBy(client, model);
        counts[at] = (counts[at] ?? 0) + 1;
      }
    }),
  );
  await eventually(() => counts.every((count) => count > 0), { withinMs: 10_000, what: "both replicas answer" });
  for (let move = 0; move < 20; move++) {
    const moved = await registry.point({ model, alias: "stable", targets: to([(move % 2) + 1, 100]) });
    expect(moved.errors).toEqual([]);
  }
  isDone = true;
  await Promise.all(asking);
  expect(await answeredBy(clients[0] ?? tenant.key, model)).toBe(2);
  await eventually(async () => (await answeredBy(clients[1] ?? tenant.key, model)) === 2, {
    withinMs: 5_000,
    what: "the other replica has followed",
  });
});
