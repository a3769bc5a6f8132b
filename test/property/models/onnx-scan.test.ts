import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scanOnnx } from "../../../src/domains/models/onnx-scan.ts";
import { tinyFile } from "../../support/registry.ts";

const whole = readFileSync(path.resolve(import.meta.dirname, "../../../models/digits/1/model.onnx"));
const small = tinyFile("loop");

/** What a scan may answer, whatever it reads: it never throws, and says why it refuses. */
function expectAnswer(file: Uint8Array): void {
  const outcome = scanOnnx(file);
  if (outcome.kind === "FOUND") expect(outcome.signature.inputs.length).toBeGreaterThan(0);
  else expect(outcome.problems.length).toBeGreaterThan(0);
}

test("whatever bytes are changed, the scan answers", () => {
  const change = fc.record({ at: fc.nat(small.length - 1), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const file = Uint8Array.from(small);
      for (const { at, to } of changes) file[at] = to;
      expectAnswer(file);
    }),
    { numRuns: 2_000 },
  );
});

test("whatever is cut out or doubled, the scan answers", () => {
  fc.assert(
    fc.property(fc.nat(small.length), fc.nat(small.length), fc.boolean(), (a, b, isDoubled) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const [end, rest] = isDoubled ? [to, from] : [from, to];
      expectAnswer(Buffer.concat([small.subarray(0, end), small.subarray(rest)]));
    }),
    { numRuns: 2_000 },
  );
});

test("no bytes at random are taken for a model", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (file) => {
      expect(scanOnnx(file).kind).toBe("REFUSED");
    }),
    { numRuns: 2_000 },
  );
});

test("a file that is cut off anywhere is refused", () => {
  fc.assert(
    fc.property(fc.nat(whole.length - 1), (length) => {
      expect(scanOnnx(whole.subarray(0, length)).kind).toBe("REFUSED");
    }),
    { numRuns: 300 },
  );
});
