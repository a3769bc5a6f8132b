/**
 * SHA-256 (FIPS 180-4), a piece at a time: a model file may be larger than what a page can hold in memory, and the
 * browser's own takes it whole, and only on pages of HTTPS.
 */
export class Sha256 {
  readonly #state = firstFractions(squareRoot, 8);
  readonly #block = new Uint8Array(blockBytes);
  readonly #view = new DataView(this.#block.buffer);
  readonly #schedule = new Uint32Array(64);
  #filled = 0;
  #bytes = 0;

  update(piece: Uint8Array): void {
    this.#bytes += piece.length;
    let taken = 0;
    while (taken < piece.length) {
      const part = piece.subarray(taken, taken + blockBytes - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === blockBytes) this.#compress();
    }
  }

  /** In hex. Ends it. */
  digest(): string {
    const bits = BigInt(this.#bytes) * 8n;
    // A one, noughts, and the length in the last eight bytes of a block.
    const padding = new Uint8Array(9 + ((2 * blockBytes - 9 - this.#filled) % blockBytes));
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    return [...this.#state].map((word) => word.toString(16).padStart(8, "0")).join("");
  }

  #compress(): void {
    this.#filled = 0;
    const words = this.#schedule;
    for (let i = 0; i < 16; i++) words[i] = this.#view.getUint32(4 * i);
    for (let i = 16; i < 64; i++) {
      const [early, late] = [at(words, i - 15), at(words, i - 2)];
      const first = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
      const second = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
      words[i] = at(words, i - 16) + first + at(words, i - 7) + second;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = this.#state;
    for (let i = 0; i < 64; i++) {
      const big = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const choice = (e & f) ^ (~e & g);
      const one = (h + big + choice + at(constants, i) + at(words, i)) | 0;
      const small = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + small + majority) | 0;
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) this.#state[i] = at(this.#state, i) + word;
  }
}

const blockBytes = 64;
const squareRoot = 1 / 2;
const cubeRoot = 1 / 3;

const constants = firstFractions(cubeRoot, 64);

/** The first 32 bits of the fractions of the roots of the first primes: that is where the standard's constants are from. */
function firstFractions(root: number, count: number): Uint32Array<ArrayBuffer> {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return Uint32Array.from(primes, (prime) => {
    const value = prime ** root;
    return (value - Math.floor(value)) * 2 ** 32;
  });
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}
