/** A field of a message as it stands on the wire: bytes for whatever has a length, a number for whatever has none. */
export type Field =
  | { number: number; kind: "BYTES"; bytes: Uint8Array }
  | { number: number; kind: "VARINT"; value: bigint }
  | { number: number; kind: "FIXED"; width: 4 | 8 };

/** The bytes are no protobuf message: cut off, damaged, or something else altogether. */
export class Malformed extends Error {}

/**
 * The fields of a message, in their order. Strict where the usual readers are lenient: they read past the end of a file
 * that was cut off and go on with zeros, and what is asked here is whether the file is whole.
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.isAtEnd) {
    const key = reader.varint();
    const number = Number(key >> 3n);
    if (number < 1 || number > 536_870_911) throw new Malformed(`a field has the number ${number}`);
    yield reader.field(number, Number(key & 7n));
  }
}

/** How many varints stand one after the other in a packed field. */
export function countVarints(packed: Uint8Array): number {
  let count = 0;
  for (const byte of packed) if (byte < 128) count++;
  return count;
}

function varintsIn(packed: Uint8Array, most: number): bigint[] {
  const reader = new Reader(packed);
  const values: bigint[] = [];
  while (!reader.isAtEnd && values.length < most) values.push(reader.varint());
  return values;
}

/** The numbers of a field that may be packed or not; of a packed one, no more than the first `most` and one. */
export function intsOf(field: Field, most: number): number[] {
  if (field.kind !== "BYTES") return [intOf(field)];
  return varintsIn(field.bytes, most + 1).map(signed);
}

export function intOf(field: Field): number {
  if (field.kind === "VARINT") return signed(field.value);
  throw new Malformed(`field ${field.number} is not a whole number`);
}

export function bytesOf(field: Field): Uint8Array {
  if (field.kind === "BYTES") return field.bytes;
  throw new Malformed(`field ${field.number} has no length`);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new Malformed("a name is not UTF-8", { cause: error });
  }
}

/** As the signed number that an int64 field means. */
function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

class Reader {
  readonly #message: Uint8Array;
  #at = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#message.length;
  }

  varint(): bigint {
    // Keys and lengths are short; BigInt from the first byte on would make large files slow to read.
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new Malformed("a number does not end");
  }

  field(number: number, wireType: number): Field {
    switch (wireType) {
      case 0:
        return { number, kind: "VARINT", value: this.varint() };
      case 1:
        return { number, kind: "FIXED", width: this.skip(8) };
      case 2:
        return { number, kind: "BYTES", bytes: this.bytes() };
      case 5:
        return { number, kind: "FIXED", width: this.skip(4) };
      default:
        throw new Malformed(`a field has the wire type ${wireType}`);
    }
  }

  bytes(): Uint8Array {
    const length = Number(this.varint());
    if (length > this.#message.length - this.#at) throw cutOff();
    this.#at += length;
    return this.#message.subarray(this.#at - length, this.#at);
  }

  skip<W extends 4 | 8>(width: W): W {
    if (width > this.#message.length - this.#at) throw cutOff();
    this.#at += width;
    return width;
  }

  #byte(): number {
    const byte = this.#message[this.#at++];
    if (byte === undefined) throw cutOff();
    return byte;
  }
}

function cutOff(): Malformed {
  return new Malformed("it ends in the middle");
}
