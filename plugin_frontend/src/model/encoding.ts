/** Stored bytes to weights; the encodings are described in docs/format.md. */
import type { NumberArray } from "../api/npy";
import type { Encoding } from "../api/wire";

/** (code / 255) ** 2 for every code: a table, because it is looked up for every weight on the screen. */
const SQUARES = Float32Array.from({ length: 256 }, (_, code) => (code / 255) ** 2);
const SIGNED_SQUARES = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = byte < 128 ? byte : byte - 256;
  return Math.sign(code) * (code / 127) ** 2;
});

function decodeByRow(
  bytes: Uint8Array,
  allRows: number,
  columns: number,
  from: number,
  rows: number,
  table: Float32Array,
) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Float32Array(rows * columns);
  const codes = 4 * allRows + from * columns;
  for (let row = 0; row < rows; row++) {
    const maximum = view.getFloat32(4 * (from + row), true);
    const start = row * columns;
    for (let i = start; i < start + columns; i++) weights[i] = maximum * (table[bytes[codes + i] ?? 0] ?? 0);
  }
  return weights;
}

/**
 * Rows `from` to `from + rows` of an array whose last dimension has `columns` numbers.
 *
 * `stored`: the array as it came. `allRows`: the product of its other dimensions. A row whose maximum is NaN is NaN.
 */
export function decodeRows(
  stored: NumberArray,
  encoding: Encoding,
  allRows: number,
  columns: number,
  from = 0,
  rows = allRows,
): Float32Array {
  switch (encoding) {
    case "float32":
    case "float16":
      if (stored instanceof Float32Array) return stored.subarray(from * columns, (from + rows) * columns);
      return Float32Array.from(stored.subarray(from * columns, (from + rows) * columns));
    case "sqrt8_row":
    case "signed8_row": {
      if (!(stored instanceof Uint8Array)) throw new Error(`${encoding} needs bytes`);
      const table = encoding === "sqrt8_row" ? SQUARES : SIGNED_SQUARES;
      return decodeByRow(stored, allRows, columns, from, rows, table);
    }
    default:
      throw new Error(`unknown encoding: ${String(encoding)}`);
  }
}

/** The array to store for some weights, whose last dimension has `columns` numbers; see `decodeRows`. Floats stay as they are. */
export function encodeRows(weights: Float32Array, encoding: Encoding, columns: number): Float32Array | Uint8Array {
  if (!isEightBit(encoding)) return weights;
  const signed = encoding === "signed8_row";
  const rows = columns ? weights.length / columns : 0;
  const bytes = new Uint8Array(4 * rows + weights.length);
  const view = new DataView(bytes.buffer);
  const most = signed ? 127 : 255;
  for (let row = 0; row < rows; row++) {
    const values = weights.subarray(row * columns, (row + 1) * columns);
    let maximum = 0;
    for (const value of values) maximum = Math.max(maximum, signed ? Math.abs(value) : value);
    view.setFloat32(4 * row, Number.isFinite(maximum) ? maximum : NaN, true);
    if (!(maximum > 0 && maximum < Infinity)) continue;
    values.forEach((value, column) => {
      const code = Math.floor(most * Math.sqrt(Math.max(0, signed ? Math.abs(value) : value) / maximum) + 0.5);
      bytes[4 * rows + row * columns + column] = value < 0 ? -code : code;
    });
  }
  return bytes;
}

export function isEightBit(encoding: Encoding): boolean {
  return encoding === "sqrt8_row" || encoding === "signed8_row";
}

/** Bytes of an array in memory, as it is fetched. */
export function byteSize(shape: number[], encoding: Encoding): number {
  const total = shape.reduce((a, b) => a * b, 1);
  return isEightBit(encoding) ? total + (4 * total) / (shape.at(-1) || 1) : 4 * total;
}
