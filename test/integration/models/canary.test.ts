import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { itsNumbers, numberInput, numbersOf, RegistryClient, timesFile, tinyFile } from "../../support/registry.ts";

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

async function latestMove(model: string) {
  const answer = await tenant.owner.ask(
    `query($name: String!) { model(name: $name) { aliases { history(first: 1) { cause reason actorId targets { weight version { version } } }
       report { version { version } requests failures compared disagreed } } } }`,
    { name: model },
  );
  const [alias] = answer.data.model.aliases;
  return { move: alias.history[0], report: alias.report };
}

test("a canary that fails beyond its guard's bound is rolled back by itself, and the history says why", async () => {
  await registry.register("logs", timesFile(1));
  await registry.register("logs", tinyFile("logarithm")); // no number below zero
  const guard = { minRequests: 5, windowSeconds: 60, maxErrorRate: 0.2 };
  const targets = [
    { version: 1, weight: 1 },
    { version: 2, weight: 100 },
  ];
  await registry.point({ model: "logs", alias: "stable", targets, guard });
  const asked = await eventually(
    async () => {
      const answer = await tenant.key.infer({ model: "logs", inputs: [numberInput(-1)] }, "version { version }");
      return answer.errors.length === 0 ? answer : undefined;
    },
    { withinMs: 20_000, what: "the version before answers" },
  );
  expect(asked.data.infer.version.version).toBe(1);
  const { move } = await latestMove("logs");
  expect(move).toMatchObject({ cause: "GUARD", actorId: "tollgate" });
  expect(move.reason).toMatch(/^\d+ of \d+ requests failed: an error rate of [\d.]+, where 0.2 is allowed$/);
  const events = await gateway.sql(
    "select details->>'cause' as cause from audit_events where action = 'alias.rolled_back'",
  );
  expect(events).toEqual([{ cause: "GUARD" }]);
});

test("a shadow is asked and never answers, is not charged, and what it answers otherwise is told", async () => {
  await registry.register("shadowed", timesFile(1));
  await registry.register("shadowed", timesFile(2));
  const targets = [
    { version: 1, weight: 100 },
    { version: 2, weight: 0 },
  ];
  await registry.point({ model: "shadowed", alias: "stable", targets });
  const events = async () => (await gateway.sql("select count(*)::int as count from usage_events"))[0]?.["count"];
  const before = await events();
  for (let i = 0; i < 10; i++) {
    const answer = await tenant.key.infer({ model: "shadowed", inputs: [numberInput(3)] }, `outputs { ${itsNumbers} }`);
    expect(numbersOf(answer.data.infer.outputs[0])).toEqual([3]);
  }
  const report = await eventually(
    async () => {
      const seen = (await latestMove("shadowed")).report;
      return seen[1].compared >= 5 && seen[0].requests === 10 ? seen : undefined;
    },
    { withinMs: 10_000, what: "the shadow has been compared" },
  );
  expect(report[0]).toMatchObject({ version: { version: 1 }, requests: 10, failures: 0, compared: 0 });
  expect(report[1].disagreed).toBe(report[1].compared);
  expect(await events()).toBe(before + 10);
});

test("a shadow is asked the share of the requests that its target says, which a roll back keeps", async () => {
  for (const factor of [11, 12, 13]) await registry.register("sampled", timesFile(factor));
  const targets = [
    { version: 1, weight: 100 },
    { version: 2, weight: 0, sampleRate: 1e-9 },
    { version: 3, weight: 0 },
  ];
  await registry.point({ model: "sampled", alias: "stable", targets });
  const report = await eventually(
    async () => {
      const answer = await tenant.key.infer({ model: "sampled", inputs: [numberInput(3)] });
      expect(answer.errors).toEqual([]);
      const seen = (await latestMove("sampled")).report;
      return seen[2].compared >= 5 ? seen : undefined;
    },
    { withinMs: 10_000, what: "the other shadow has been compared" },
  );
  expect(report[1]).toMatchObject({ version: { version: 2 }, compared: 0 });
  await registry.point({ model: "sampled", alias: "stable", targets: [{ version: 3, weight: 100 }] });
  await registry.rollBack({ model: "sampled", alias: "stable" });
  const shown = await tenant.owner.ask('{ model(name: "sampled") { aliases { targets { weight sampleRate } } } }');
  expect(shown.data.model.aliases[0].targets).toEqual([
    { weight: 100, sampleRate: null },
    { weight: 0, sampleRate: 1e-9 },
    { weight: 0, sampleRate: 1 },
  ]);
});

test.each([
  [{ version: 2, weight: 0, sampleRate: 0 }, "targets[1].sampleRate is 0; it must be above 0, and 1 at most."],
  [{ version: 2, weight: 0, sampleRate: 1.5 }, "targets[1].sampleRate is 1.5; it must be above 0, and 1 at most."],
  [
    { version: 2, weight: 1, sampleRate: 0.5 },
    "targets[1].sampleRate says nothing for a target that answers; leave it out.",
  ],
])("refuses the target %j", async (target, message) => {
  const before = (await latestMove("logs")).move;
  const answer = await registry.point({ model: "logs", alias: "stable", targets: [{ version: 1, weight: 1 }, target] });
  expect(answer.errors).toMatchObject([{ message, extensions: { code: "INVALID_INPUT" } }]);
  expect((await latestMove("logs")).move).toEqual(before);
});

test("a guard judges by what all gateways saw: neither of two has seen enough, both together have", async () => {
  const replica = await gateway.addReplica();
  await registry.register("widely-used", timesFile(1));
  await registry.register("widely-used", tinyFile("logarithm"));
  const guard = { minRequests: 12, windowSeconds: 60, maxErrorRate: 0.2 };
  const targets = [
    { version: 1, weight: 0 },
    { version: 2, weight: 100 },
  ];
  await registry.point({ model: "widely-used", alias: "stable", targets, guard });
  const failing = { model: "widely-used", inputs: [numberInput(-1)] };
  const there = gateway.client(tenant.secret, replica);
  const askSixTimes = async (key: typeof there) => {
    for (let i = 0; i < 6; i++)
      await eventually(async () => (await key.infer(failing)).errors[0]?.extensions.code === "MODEL_FAILED", {
        withinMs: 10_000,
        what: "the canary answers",
      });
  };
  await askSixTimes(tenant.key);
  const half = await latestMove("widely-used");
  expect([half.move.cause, half.report[1]]).toMatchObject(["POINTED", { requests: 6, failures: 6 }]);
  await askSixTimes(there);
  const { move } = await eventually(
    async () => {
      const latest = await latestMove("widely-used");
      return latest.move.cause === "GUARD" ? latest : undefined;
    },
    { withinMs: 20_000, what: "it is rolled back" },
  );
  expect(move.reason).toBe("12 of 12 requests failed: an error rate of 1, where 0.2 is allowed");
  const kept = await gateway.sql(
    "select sum(requests)::int as requests, count(*)::int as rows from alias_tallies t join aliases a on a.id = t.alias_id join models m on m.id = a.model_id where m.name = 'widely-used' and t.model_version_id in (select id from model_versions where version = 2)",
  );
  expect(kept[0]?.["requests"]).toBe(12);
});

test("a shadow that answers otherwise too often is taken away by its guard", async () => {
  const targets = [
    { version: 1, weight: 100 },
    { version: 2, weight: 0 },
  ];
  const guard = { minRequests: 3, windowSeconds: 60, maxDisagreement: 0.5 };
  await registry.point({ model: "shadowed", alias: "stable", targets: [{ version: 1, weight: 100 }] });
  await registry.point({ model: "shadowed", alias: "stable", targets, guard });
  await eventually(
    async () => {
      await tenant.key.infer({ model: "shadowed", inputs: [numberInput(3)] });
      return (await latestMove("shadowed")).move.cause === "GUARD";
    },
    { withinMs: 20_000, what: "it is rolled back" },
  );
  expect((await latestMove("shadowed")).move.targets).toEqual([{ weight: 100, version: { version: 1 } }]);
});
