import { expect, test } from "vitest";
import { CoalescingStream } from "../../../src/core/coalescing-stream.ts";

const sums = (onEnd?: () => void) => new CoalescingStream<number>((waiting, next) => waiting + next, onEnd);

test("a reader who waits gets each value as it comes", async () => {
  const stream = sums();
  for (const value of [1, 2]) {
    const next = stream.next();
    stream.push(value);
    expect(await next).toEqual({ done: false, value });
  }
});

test("a reader who is slow gets what came meanwhile as one value, and misses nothing", async () => {
  const stream = sums();
  for (let value = 1; value <= 100; value++) stream.push(value);
  expect(await stream.next()).toEqual({ done: false, value: 5_050 });
  stream.push(1);
  expect(await stream.next()).toEqual({ done: false, value: 1 });
});

test("what waits is still read after the end, then nothing; what is pushed later is gone", async () => {
  const stream = sums();
  stream.push(7);
  stream.end();
  stream.push(8);
  const read: number[] = [];
  for await (const value of stream) read.push(value);
  expect(read).toEqual([7]);
});

test("whoever waits is told of the end, whichever side it comes from, and that is told once", async () => {
  for (const end of [
    (stream: CoalescingStream<number>) => stream.end(),
    (stream: CoalescingStream<number>) => stream.return(),
  ]) {
    let ends = 0;
    const stream = sums(() => {
      ends += 1;
    });
    const next = stream.next();
    await end(stream);
    await stream.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(ends).toBe(1);
  }
});
