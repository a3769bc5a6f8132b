import sharp from "sharp";
import { TollgateError } from "../../core/errors.ts";
import type { ImageRecipe } from "../models/recipes.ts";

/** What a picture may unfold to. A PNG of a few kilobytes can claim gigabytes. */
const maxPixels = 4_000_000;

// Pictures are small and never come twice: threads for each and a cache of decoded ones would only cost.
sharp.concurrency(1);
sharp.cache(false);

/**
 * An encoded picture as the numbers that the recipe asks for, row by row. Throws INVALID_INPUT; its message goes after
 * the place of the picture, as in `inputs[3].image`.
 */
export async function decodeImage(bytes: Uint8Array, recipe: ImageRecipe): Promise<Float32Array> {
  if (!isPng(bytes) && !isJpeg(bytes)) throw refusal("is neither a PNG nor a JPEG.");
  await checkSize(bytes);
  const pixels = await decode(bytes, recipe);
  const scaled = new Float32Array(pixels.length);
  for (const [i, pixel] of pixels.entries()) scaled[i] = pixel * recipe.scale;
  return scaled;
}

// Told by their first bytes: libvips reads many more formats, whose decoders nobody needs to reach from outside.
function isPng(bytes: Uint8Array): boolean {
  return startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
}

function isJpeg(bytes: Uint8Array): boolean {
  return startsWith(bytes, [0xff, 0xd8, 0xff]);
}

function startsWith(bytes: Uint8Array, magic: number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** Reads the header alone, so that a picture over the limit costs nothing. */
async function checkSize(bytes: Uint8Array): Promise<void> {
  const { width, height } = await readable(sharp(bytes, { limitInputPixels: false }).metadata());
  if (width * height <= maxPixels) return;
  throw refusal(`is ${megapixels(width * height)} MP; the limit is ${maxPixels / 1e6} MP.`);
}

// Rounded up: a picture just over the limit must not read as if it were within.
function megapixels(pixels: number): string {
  return (Math.ceil(pixels / 1e5) / 10).toFixed(1);
}

async function decode(bytes: Uint8Array, { width, height }: ImageRecipe): Promise<Uint8Array> {
  const picture = sharp(bytes, { limitInputPixels: maxPixels, failOn: "error" })
    .autoOrient()
    .flatten({ background: "black" })
    .greyscale()
    .resize(width, height, { fit: "contain", background: "black" })
    .toColourspace("b-w");
  const { data, info } = await readable(picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }));
  if (info.channels === 1 && data.length === width * height) return data;
  throw new Error(`A picture came out with ${info.channels} channels and ${data.length} bytes.`);
}

async function readable<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    throw refusal("cannot be decoded: it is cut off or damaged.", error);
  }
}

function refusal(message: string, cause?: unknown): TollgateError {
  return new TollgateError("INVALID_INPUT", message, { cause });
}
