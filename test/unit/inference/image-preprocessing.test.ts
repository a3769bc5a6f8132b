import sharp, { type Colour, type Sharp } from "sharp";
import { beforeAll, expect, test } from "vitest";
import { decodeImage } from "../../../src/domains/inference/image-preprocessing.ts";
import type { ImageRecipe } from "../../../src/domains/models/recipes.ts";
import { refusalOf } from "../../support/refusal.ts";
import { bundledModel } from "../../support/tiny-models.ts";

const recipe: ImageRecipe = {
  kind: "image",
  recipe: 1,
  width: 28,
  height: 28,
  channels: 1,
  scale: 1,
  tensor: "pixels",
};

function picture(width: number, height: number, background: Colour): Sharp {
  return sharp({ create: { width, height, channels: 4, background } });
}

test("the pictures of the golden samples give the tensors they were trained with, to the last bit", async () => {
  const { manifest } = await bundledModel("digits");
  if (manifest.preprocessing?.kind !== "image") throw new Error("digits takes images");
  for (const { input, tensors } of manifest.golden.samples) {
    if (input === undefined || !("image" in input)) throw new Error("a sample without its image");
    const pixels = await decodeImage(Buffer.from(input.image, "base64"), manifest.preprocessing);
    expect(Buffer.from(pixels.buffer).toString("base64")).toBe(tensors["pixels"]?.data);
  }
});

test("every grey of an 8-bit PNG comes through as it is", async () => {
  const greys = Uint8Array.from({ length: 784 }, (_, i) => i % 256);
  const png = await sharp(greys, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toBuffer();
  expect([...(await decodeImage(png, recipe))]).toEqual([...greys]);
});

test("a picture is fitted in whole, on black", async () => {
  const pixels = await decodeImage(await picture(10, 20, "white").png().toBuffer(), recipe);
  const row = [...pixels.subarray(14 * 28, 15 * 28)];
  expect(row).toEqual([...Array(7).fill(0), ...Array(14).fill(255), ...Array(7).fill(0)]);
});

test("what is transparent shows black", async () => {
  const half = await decodeImage(
    await picture(28, 28, { r: 255, g: 255, b: 255, alpha: 0.5 }).png().toBuffer(),
    recipe,
  );
  expect(half[0]).toBe(128);
  const none = await decodeImage(await picture(28, 28, { r: 255, g: 255, b: 255, alpha: 0 }).png().toBuffer(), recipe);
  expect(none[0]).toBe(0);
});

test("16 bits, a palette and JPEG are read as well", async () => {
  const grey = picture(28, 28, { r: 128, g: 128, b: 128, alpha: 1 });
  const sixteen = await grey.clone().removeAlpha().toColourspace("rgb16").png().toBuffer();
  expect((await sharp(sixteen).metadata()).depth).toBe("ushort");
  for (const bytes of [
    sixteen,
    await grey.clone().png({ palette: true }).toBuffer(),
    await grey.clone().jpeg().toBuffer(),
  ]) {
    expect(Math.abs(((await decodeImage(bytes, recipe))[100] ?? 0) - 128)).toBeLessThanOrEqual(1);
  }
});

test("a picture lies as its camera says", async () => {
  const half = Uint8Array.from({ length: 784 }, (_, i) => (i % 28 < 14 ? 255 : 0));
  const upright = sharp(half, { raw: { width: 28, height: 28, channels: 1 } });
  const turned = await upright.png().withMetadata({ orientation: 3 }).toBuffer();
  expect((await decodeImage(turned, recipe))[0]).toBe(0);
});

const refused: Record<string, [Uint8Array, string]> = {};

beforeAll(async () => {
  const large = await picture(2_500, 2_000, "red").png().toBuffer();
  const noise = Buffer.from(Array.from({ length: 30_000 }, (_, i) => (i * 7919) % 251));
  const raw = { raw: { width: 100, height: 100, channels: 3 as const } };
  const [png, jpeg] = await Promise.all([sharp(noise, raw).png().toBuffer(), sharp(noise, raw).jpeg().toBuffer()]);
  const damaged = "cannot be decoded: it is cut off or damaged.";
  Object.assign(refused, {
    "one over the limit": [large, "is 5.0 MP; the limit is 4 MP."],
    "one just over the limit": [await picture(2_000, 2_001, "red").png().toBuffer(), "is 4.1 MP; the limit is 4 MP."],
    "a PNG that is cut off": [png.subarray(0, png.length / 2), damaged],
    "a JPEG that is cut off": [jpeg.subarray(0, jpeg.length / 2), damaged],
    "the first bytes of a PNG": [png.subarray(0, 8), damaged],
    "a GIF": [Buffer.from("GIF89a"), "is neither a PNG nor a JPEG."],
    "an SVG": [Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), "is neither a PNG nor a JPEG."],
    nothing: [new Uint8Array(), "is neither a PNG nor a JPEG."],
  });
});

test.each([
  "one over the limit",
  "one just over the limit",
  "a PNG that is cut off",
  "a JPEG that is cut off",
  "the first bytes of a PNG",
  "a GIF",
  "an SVG",
  "nothing",
])("%s is refused", async (name) => {
  const [bytes, message] = refused[name] ?? [new Uint8Array(), ""];
  const error = await refusalOf(decodeImage(bytes, recipe));
  expect([error.code, error.message]).toEqual(["INVALID_INPUT", message]);
});

test("a picture of exactly 4 MP is read", async () => {
  expect(await decodeImage(await picture(2_000, 2_000, "white").png().toBuffer(), recipe)).toHaveLength(784);
});
