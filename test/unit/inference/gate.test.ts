import { expect, test } from "vitest";
import { Gate } from "../../../src/domains/inference/gate.ts";

/** Work that the test lets end. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, end: resolve };
}

test("no more are inside than may be, and the others come in the order they asked", async () => {
  const gate = new Gate(() => 2);
  const works = Array.from({ length: 4 }, held);
  const began: number[] = [];
  const all = works.map(({ promise }, i) =>
    gate.within(async () => {
      began.push(i);
      await promise;
    }),
  );
  await Promise.resolve();
  expect(began).toEqual([0, 1]);
  works[1]?.end();
  await all[1];
  await Promise.resolve();
  expect(began).toEqual([0, 1, 2]);
  for (const { end } of works) end();
  await Promise.all(all);
  expect(began).toEqual([0, 1, 2, 3]);
});

test("work that fails leaves its place to the next", async () => {
  const gate = new Gate(() => 1);
  const failing = gate.within(() => Promise.reject(new Error("no")));
  const next = gate.within(() => Promise.resolve("in"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("in");
});
