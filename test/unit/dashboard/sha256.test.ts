import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Sha256 } from "../../../dashboard/src/pages/models/sha256.ts";

test("is what Node says it is, for any bytes in any pieces", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, (parts) => {
      const hash = new Sha256();
      const expected = createHash("sha256");
      for (const part of parts) {
        hash.update(part);
        expected.update(part);
      }
      expect(hash.digest()).toBe(expected.digest("hex"));
    }),
  );
});

test("is right at every length around a block", () => {
  for (let length = 50; length <= 130; length++) {
    const bytes = new Uint8Array(length).fill(length);
    const hash = new Sha256();
    hash.update(bytes);
    expect(hash.digest()).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});
