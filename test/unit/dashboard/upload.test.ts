import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nextPartBytes, type Upload, upload } from "../../../dashboard/src/pages/jobs/upload.ts";
import { Refusal } from "../../../dashboard/src/session/refusal.ts";

/** A gateway's side of an upload: keeps what comes, and answers some requests as the test says instead. */
class Keeper {
  bytes = Buffer.alloc(0);
  readonly asked: string[] = [];
  lengthBytes = 0;
  /** What the next requests are answered with, in their order; undefined: as they should be. */
  instead: (Response | Error | undefined)[] = [];

  readonly fetch = async (_path: string, { method, headers, body }: RequestInit): Promise<Response> => {
    const offset = Number(new Headers(headers).get("upload-offset"));
    this.asked.push(method === "PUT" ? `PUT ${offset}` : String(method));
    const instead = this.instead.shift();
    if (instead instanceof Error) throw instead;
    if (instead !== undefined) return instead;
    if (method === "PUT" && offset !== this.bytes.length) return refusal(409, "CONFLICT");
    if (body instanceof Blob) this.bytes = Buffer.concat([this.bytes, Buffer.from(await body.arrayBuffer())]);
    return new Response(null, {
      headers: {
        "upload-offset": String(this.bytes.length),
        "upload-complete": this.bytes.length === this.lengthBytes ? "?1" : "?0",
      },
    });
  };
}

const refusal = (status: number, code: string) =>
  Response.json({ errors: [{ message: `refused: ${code}`, extensions: { code } }] }, { status });
const brokenLine = () => new TypeError("Failed to fetch");

const content = Uint8Array.from({ length: 3 * 1024 * 1024 + 17 }, (_, index) => index % 251);
let keeper: Keeper;

beforeEach(() => {
  keeper = new Keeper();
  keeper.lengthBytes = content.length;
  vi.stubGlobal("fetch", keeper.fetch);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function sent(options: Partial<Upload> = {}) {
  const progress: number[] = [];
  const pauses: number[] = [];
  const done = upload({
    file: new Blob([content]),
    path: "/datasets/dts_1",
    signal: new AbortController().signal,
    onProgress: (bytes) => progress.push(bytes),
    renew: async () => await Promise.resolve(true),
    pause: async (ms) => {
      pauses.push(ms);
      await Promise.resolve();
    },
    ...options,
  });
  return { done, progress, pauses };
}

const isWhole = () => keeper.bytes.equals(content);

describe("an upload", () => {
  test("sends every byte once, in parts, and tells how far it is", async () => {
    const { done, progress } = sent();
    await done;
    expect(isWhole()).toBe(true);
    expect(keeper.asked.slice(0, 3)).toEqual(["HEAD", "PUT 0", "PUT 1048576"]);
    expect(progress).toEqual(progress.toSorted((one, other) => one - other));
    expect(progress.at(-1)).toBe(content.length);
  });

  test("goes on from what has arrived, and sends nothing where all has", async () => {
    keeper.bytes = Buffer.from(content.subarray(0, 1_000));
    await sent().done;
    expect(keeper.asked.slice(0, 2)).toEqual(["HEAD", "PUT 1000"]);
    expect(isWhole()).toBe(true);
    keeper.asked.length = 0;
    await sent().done;
    expect(keeper.asked).toEqual(["HEAD"]);
  });

  test.each([
    ["the line breaks", brokenLine],
    ["the gateway is busy", () => refusal(503, "OVERLOADED")],
    ["somebody else went on with it", () => refusal(409, "CONFLICT")],
  ])("waits, asks how far it is, and goes on when %s", async (_what, instead) => {
    keeper.instead = [undefined, undefined, instead(), instead()];
    const { done, pauses } = sent();
    await done;
    expect(isWhole()).toBe(true);
    expect(keeper.asked.slice(1, 6)).toEqual(["PUT 0", "PUT 1048576", "HEAD", "HEAD", "PUT 1048576"]);
    expect(pauses).toEqual([500, 1_000]);
  });

  test("gives up when it fails again and again and gets no further, even if the gateway answers in between", async () => {
    keeper.instead = [undefined, ...Array.from({ length: 20 }, () => [brokenLine(), undefined]).flat()];
    const { done, pauses } = sent();
    await expect(done).rejects.toThrow(TypeError);
    expect(pauses).toHaveLength(6);
  });

  test("goes on under the next token when one has run out, and ends with the session", async () => {
    keeper.instead = [undefined, refusal(401, "UNAUTHENTICATED")];
    await sent().done;
    expect(isWhole()).toBe(true);
    keeper.bytes = Buffer.alloc(0);
    keeper.instead = [undefined, refusal(401, "UNAUTHENTICATED")];
    const { done } = sent({ renew: async () => await Promise.resolve(false) });
    await expect(done).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("is refused in the gateway's own words, at once", async () => {
    keeper.instead = [undefined, refusal(400, "INVALID_INPUT")];
    const { done, pauses } = sent();
    await expect(done).rejects.toEqual(new Refusal("INVALID_INPUT", "refused: INVALID_INPUT"));
    expect(pauses).toEqual([]);
    keeper.instead = [new Response(null, { status: 404 })];
    await expect(sent().done).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("that is stopped sends nothing more", async () => {
    const controller = new AbortController();
    const stop = (bytes: number) => {
      if (bytes > 0) controller.abort();
    };
    await expect(sent({ signal: controller.signal, onProgress: stop }).done).rejects.toThrow("aborted");
    expect(keeper.asked).toEqual(["HEAD", "PUT 0"]);
  });
});

test("a part takes about a second: it doubles on a fast line, halves on a slow one, and has its bounds", () => {
  expect(nextPartBytes(1_048_576, 10)).toBe(2_097_152);
  expect(nextPartBytes(1_048_576, 1_000)).toBe(1_048_576);
  expect(nextPartBytes(1_048_576, 30_000)).toBe(524_288);
  expect(nextPartBytes(16_777_216, 10)).toBe(16_777_216);
  expect(nextPartBytes(262_144, 30_000)).toBe(262_144);
});
