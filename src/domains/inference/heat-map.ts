import sharp from "sharp";

const shortestSide = 224;

/**
 * A picture of attributions over the picture that they belong to: red speaks for the target, blue against it, and what
 * says nothing shows the input in grey. As base64 of a PNG, large enough to look at.
 *
 * @param pixels what was explained, 0 to 1, row by row.
 * @param values for each pixel.
 */
export async function heatMap(
  pixels: ArrayLike<number>,
  values: ArrayLike<number>,
  { width, height }: { width: number; height: number },
): Promise<string> {
  const scale = Math.max(1, Math.round(shortestSide / Math.min(width, height)));
  const raw = colours(pixels, values);
  const png = await sharp(raw, { raw: { width, height, channels: 3 } })
    .resize(width * scale, height * scale, { kernel: "nearest" })
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();
  return png.toString("base64");
}

function colours(pixels: ArrayLike<number>, values: ArrayLike<number>): Uint8Array {
  let strongest = 0;
  for (let i = 0; i < values.length; i++) strongest = Math.max(strongest, Math.abs(values[i] ?? 0));
  const raw = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++) {
    const value = strongest === 0 ? 0 : (values[i] ?? 0) / strongest;
    const grey = 255 - 175 * Math.min(1, Math.max(0, pixels[i] ?? 0));
    // Towards the colour by the square root: most values are small, and would not be seen.
    const share = Math.sqrt(Math.abs(value)) * 0.85;
    const [red, green, blue] = value > 0 ? warm : cold;
    raw.set([mix(grey, red, share), mix(grey, green, share), mix(grey, blue, share)], 3 * i);
  }
  return raw;
}

const warm = [214, 39, 40] as const;
const cold = [31, 98, 190] as const;

function mix(from: number, to: number, share: number): number {
  return Math.round(from + (to - from) * share);
}
