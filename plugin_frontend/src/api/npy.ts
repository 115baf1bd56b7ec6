/** Reads a `.npy` file (versions 1 to 3, C order, little-endian) into a typed array. */

export type NumberArray = Uint8Array | Int8Array | Int32Array | Float32Array | Float64Array;

export interface NpyArray {
  shape: number[];
  data: NumberArray;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** 64-bit counts become doubles: exact up to 2^53, which no count of examples passes. */
function fromInt64(stored: BigInt64Array): Float64Array {
  // By halves: a BigInt for each of a million counts takes ten times as long.
  const low = new Uint32Array(stored.buffer, stored.byteOffset, 2 * stored.length);
  const high = new Int32Array(stored.buffer, stored.byteOffset, 2 * stored.length);
  const values = new Float64Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!;
  return values;
}

function fromFloat16(stored: Uint16Array): Float32Array {
  return Float32Array.from(stored, (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) return sign * 2 ** -24 * fraction;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  });
}

interface Reader {
  /** Bytes of a number. */
  size: number;
  read: (buffer: ArrayBuffer, offset: number, length: number) => NumberArray;
}

const READERS: Record<string, Reader> = {
  "|u1": { size: 1, read: (b, at, n) => new Uint8Array(b, at, n) },
  "|i1": { size: 1, read: (b, at, n) => new Int8Array(b, at, n) },
  "<i4": { size: 4, read: (b, at, n) => new Int32Array(b, at, n) },
  "<i8": { size: 8, read: (b, at, n) => fromInt64(new BigInt64Array(b, at, n)) },
  "<f2": { size: 2, read: (b, at, n) => fromFloat16(new Uint16Array(b, at, n)) },
  "<f4": { size: 4, read: (b, at, n) => new Float32Array(b, at, n) },
  "<f8": { size: 8, read: (b, at, n) => new Float64Array(b, at, n) },
};

export function readNpy(bytes: Uint8Array<ArrayBuffer>): NpyArray {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new Error("not a .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = view.getUint8(6) > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "";
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const reader = READERS[descr];
  if (!reader || shapeText === undefined) throw new Error(`unknown array type: ${descr || header}`);
  if (/'fortran_order':\s*True/.test(header)) throw new Error("arrays must be in C order");
  const shape = shapeText
    .split(",")
    .filter((s) => s.trim())
    .map(Number);
  const expected = shape.reduce((a, b) => a * b, 1);
  const length = (bytes.length - end) / reader.size;
  if (length !== expected) throw new Error(`array of ${length} numbers instead of ${expected}`);
  // numpy pads the header so that the numbers are aligned: a copy of them, 5 ms for 3 MB, is for files of others.
  const from = bytes.byteOffset + end;
  const aligned = from % reader.size === 0;
  const data = reader.read(aligned ? bytes.buffer : bytes.slice(end).buffer, aligned ? from : 0, length);
  return { shape, data };
}
