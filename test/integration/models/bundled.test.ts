import { expect, onTestFinished, test } from "vitest";
import { startTestGateway } from "../../support/gateway.ts";

test("of a model with several versions in the folder, a database that knew none of them answers with the newest", async () => {
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.close());
  const { owner } = await gateway.createTenant();
  const { data } = await owner.ask(
    '{ model(name: "tags") { versions { version state } aliases { name targets { version { version } weight } } } }',
  );
  expect(data.model.versions.map(({ version }: { version: number }) => version).toSorted()).toEqual([1, 2]);
  expect(data.model.aliases).toEqual([{ name: "stable", targets: [{ version: { version: 2 }, weight: 100 }] }]);
});
