/** Reads a `.npy` file (versions 1 to 3, C order, little-endian) into a typed array. */

export type NumberArray = Uint8Array | Int8Array | Int32Array | Float32Array | Float64Array;

export interface NpyArray {
  shape: number[];
  data: NumberArray;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** 64-bit counts become doubles: exact up to 2^53, which no count of examples passes. */
function fromInt64(buffer: ArrayBuffer): Float64Array {
  return Float64Array.from(new BigInt64Array(buffer), Number);
}

function fromFloat16(buffer: ArrayBuffer): Float32Array {
  return Float32Array.from(new Uint16Array(buffer), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) return sign * 2 ** -24 * fraction;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  });
}

const READERS: Record<string, (buffer: ArrayBuffer) => NumberArray> = {
  "|u1": (b) => new Uint8Array(b),
  "|i1": (b) => new Int8Array(b),
  "<i4": (b) => new Int32Array(b),
  "<i8": fromInt64,
  "<f2": fromFloat16,
  "<f4": (b) => new Float32Array(b),
  "<f8": (b) => new Float64Array(b),
};

export function readNpy(bytes: Uint8Array): NpyArray {
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
  // A copy, because the numbers behind the header need not be aligned.
  const data = reader(bytes.slice(end).buffer);
  const expected = shape.reduce((a, b) => a * b, 1);
  if (data.length !== expected) throw new Error(`array of ${data.length} numbers instead of ${expected}`);
  return { shape, data };
}
