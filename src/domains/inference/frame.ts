import { byteLengthOf, type Tensor, type TensorData, type TensorShape, viewOf } from "./tensor.ts";

// A frame, little endian: bytes of the whole frame (uint32), bytes of the header (uint32), the header as JSON, the
// tensors one after another. Each part is padded to 8 bytes: then every tensor can be viewed where it lies.
const prefixBytes = 8;
const maxHeaderBytes = 64 * 1024;
/** What a request may weigh: a batch, or a model. */
export const maxRequestBytes = 512 * 1024 * 1024;
/** What an answer may weigh: a bound on what a runner that has gone wrong can make the gateway hold. */
export const maxReplyBytes = 64 * 1024 * 1024;

export interface Header {
  tensors: readonly TensorShape[];
}

/** A frame as it was read: the header still as text, the bytes of its tensors where they lie. */
export interface Frame {
  header: string;
  buffer: ArrayBufferLike;
  tensorsAt: number;
  end: number;
}

/** Lays frames out in memory that it uses again: a frame is valid until the next is begun. */
export class FrameWriter {
  readonly #maxBytes: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Writes the header, and returns a view for each of its tensors, to be filled before the frame is sent. */
  begin(header: Header): TensorData[] {
    const text = JSON.stringify(header);
    const headerBytes = aligned(Buffer.byteLength(text));
    let offset = prefixBytes + headerBytes;
    const offsets = header.tensors.map((tensor) => {
      const at = offset;
      offset += aligned(byteLengthOf(tensor));
      return at;
    });
    this.#length = offset;
    if (offset > this.#maxBytes)
      throw new RangeError(`A message of ${offset} bytes is over the ${this.#maxBytes} allowed.`);
    // Twice what is needed, for the next. Not from the shared pool, whose slices are not aligned.
    if (this.#bytes.length < offset) this.#bytes = Buffer.allocUnsafeSlow(Math.min(offset * 2, this.#maxBytes));
    const bytes = this.#bytes;
    bytes.writeUInt32LE(offset, 0);
    bytes.writeUInt32LE(headerBytes, 4);
    const written = bytes.write(text, prefixBytes);
    bytes.fill(" ", prefixBytes + written, prefixBytes + headerBytes);
    return header.tensors.map((tensor, i) => viewOf(tensor, bytes.buffer, offsets[i] ?? 0));
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Puts frames together from the pieces that a stream delivers. Throws on bytes that are no frame. */
export class FrameReader {
  #partial: Uint8Array | undefined;
  #filled = 0;
  readonly #prefix = new Uint8Array(prefixBytes);
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The frames that this piece completes. They may be views on the piece: use them before it is changed. */
  push(piece: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = piece;
    while (rest.length > 0) {
      const whole = this.#partial === undefined && this.#filled === 0 ? wholeFrame(rest, this.#maxBytes) : undefined;
      if (whole !== undefined) {
        frames.push(parseFrame(whole));
        rest = rest.subarray(whole.length);
        continue;
      }
      rest = rest.subarray(this.#collect(rest));
      if (this.#partial === undefined || this.#filled < this.#partial.length) continue;
      frames.push(parseFrame(this.#partial));
      this.#partial = undefined;
      this.#filled = 0;
    }
    return frames;
  }

  /** Copies what belongs to the frame under construction; returns how many bytes that were. */
  #collect(piece: Uint8Array): number {
    if (this.#partial === undefined) {
      const taken = Math.min(prefixBytes - this.#filled, piece.length);
      this.#prefix.set(piece.subarray(0, taken), this.#filled);
      this.#filled += taken;
      if (this.#filled === prefixBytes) {
        this.#partial = new Uint8Array(frameLength(this.#prefix, this.#maxBytes));
        this.#partial.set(this.#prefix);
      }
      return taken;
    }
    const taken = Math.min(this.#partial.length - this.#filled, piece.length);
    this.#partial.set(piece.subarray(0, taken), this.#filled);
    this.#filled += taken;
    return taken;
  }
}

/** The bytes of the first frame if it lies here completely, and where its tensors can be viewed. */
function wholeFrame(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  if (bytes.length < prefixBytes || bytes.byteOffset % 8 !== 0) return undefined;
  const length = frameLength(bytes, maxBytes);
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

/** The length of the frame that begins here, of which the first 8 bytes must be there. */
export function frameLength(bytes: Uint8Array, maxBytes: number): number {
  const length = uint32At(bytes, 0);
  const headerBytes = uint32At(bytes, 4);
  const isPlausible =
    length % 8 === 0 &&
    headerBytes % 8 === 0 &&
    headerBytes >= 8 &&
    headerBytes <= maxHeaderBytes &&
    length >= prefixBytes + headerBytes &&
    length <= maxBytes;
  if (!isPlausible) throw new Error(`Not a frame: it claims ${length} bytes, ${headerBytes} of them header.`);
  return length;
}

/** Takes a whole frame apart; nothing is copied. The bytes must begin at a multiple of 8 of their buffer. */
export function parseFrame(bytes: Uint8Array): Frame {
  const headerEnd = prefixBytes + uint32At(bytes, 4);
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8", prefixBytes, headerEnd);
  return {
    header,
    buffer: bytes.buffer,
    tensorsAt: bytes.byteOffset + headerEnd,
    end: bytes.byteOffset + bytes.length,
  };
}

/** Views on the tensors of a frame. Throws unless they fill it exactly. */
export function tensorsIn(frame: Frame, shapes: readonly TensorShape[]): Tensor[] {
  let at = frame.tensorsAt;
  const tensors = shapes.map((shape) => {
    const start = at;
    at += aligned(byteLengthOf(shape));
    if (at > frame.end) throw new Error("A frame ends before its tensors do.");
    return { dtype: shape.dtype, dims: shape.dims, data: viewOf(shape, frame.buffer, start) };
  });
  if (at !== frame.end) throw new Error("A frame holds more than its tensors.");
  return tensors;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function uint32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return a + b * 0x100 + c * 0x10000 + d * 0x1000000;
}
