import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, FrameWriter, parseFrame, tensorsIn } from "../../../src/domains/inference/frame.ts";
import { copyInto, dtypeOf, type Tensor } from "../../../src/domains/inference/tensor.ts";

const maxBytes = 1024 * 1024;
const data = fc.oneof(
  fc.float32Array({ maxLength: 40 }),
  fc.bigInt64Array({ maxLength: 40 }),
  fc.int32Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 40 }),
);
const tensor = data.map((values): Tensor => ({ dtype: dtypeOf(values), dims: [values.length], data: values }));
const message = fc.record({
  note: fc.string({ unit: "binary", maxLength: 50 }),
  tensors: fc.array(tensor, { maxLength: 5 }),
});
type Message = { note: string; tensors: Tensor[] };

function write(writer: FrameWriter, { note, tensors }: Message): Uint8Array {
  const header = { note, tensors: tensors.map(({ dtype, dims }) => ({ dtype, dims })) };
  for (const [i, view] of writer.begin(header).entries()) {
    const values = tensors[i]?.data;
    if (values !== undefined) copyInto(view, values, 0);
  }
  return Uint8Array.from(writer.bytes());
}

test("what is written is read, however the stream cuts it into pieces", () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 200 })),
      (sent, cuts) => {
        const writer = new FrameWriter(maxBytes);
        const bytes = Buffer.concat(sent.map((one) => write(writer, one)));
        const reader = new FrameReader(maxBytes);
        const got: Message[] = [];
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = cuts[cut] ?? bytes.length;
          for (const frame of reader.push(Uint8Array.from(bytes.subarray(at, at + size)))) {
            const header: Message = JSON.parse(frame.header);
            got.push({ note: header.note, tensors: tensorsIn(frame, header.tensors) });
          }
          at += size;
        }
        expect(got).toEqual(sent);
      },
    ),
  );
});

test("tensors are viewed where they lie", () => {
  const bytes = write(new FrameWriter(maxBytes), {
    note: "",
    tensors: [{ dtype: "int64", dims: [2], data: BigInt64Array.of(1n, 2n) }],
  });
  const [frame] = new FrameReader(maxBytes).push(bytes);
  if (frame === undefined) throw new Error("no frame");
  expect(tensorsIn(frame, [{ dtype: "int64", dims: [2] }])[0]?.data.buffer).toBe(bytes.buffer);
});

test("a frame must be filled by its tensors exactly", () => {
  const bytes = write(new FrameWriter(maxBytes), {
    note: "",
    tensors: [{ dtype: "float32", dims: [4], data: new Float32Array(4) }],
  });
  for (const dims of [[2], [5], [2, 2, 2], [2 ** 40, 2 ** 40]]) {
    expect(() => tensorsIn(parseFrame(bytes), [{ dtype: "float32", dims }])).toThrow("A frame");
  }
  expect(tensorsIn(parseFrame(bytes), [{ dtype: "float32", dims: [2, 2] }])).toHaveLength(1);
});

test("a message over the bound is neither written nor read", () => {
  const large = { note: "", tensors: [{ dtype: "uint8" as const, dims: [2_000], data: new Uint8Array(2_000) }] };
  expect(() => write(new FrameWriter(1_000), large)).toThrow("over the 1000 allowed");
  const bytes = write(new FrameWriter(maxBytes), large);
  expect(() => new FrameReader(1_000).push(bytes)).toThrow("Not a frame");
  expect(() => new FrameReader(1_000).push(bytes.subarray(0, 8))).toThrow("Not a frame");
});
