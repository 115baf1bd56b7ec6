/** Writes `.npy` files (version 1), as numpy.load opens them, and compresses. */

export type Writable = Float32Array | Float64Array | Int32Array | Uint8Array;

function descr(data: Writable): string {
  if (data instanceof Float32Array) return "<f4";
  if (data instanceof Float64Array) return "<f8";
  return data instanceof Int32Array ? "<i4" : "|u1";
}

function file(type: string, shape: number[], body: Uint8Array): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  // The numbers begin at a multiple of 64, as numpy has it.
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + padded.length + body.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  bytes.set(new TextEncoder().encode(padded), 10);
  bytes.set(body, 10 + padded.length);
  return bytes;
}

/** `shape`: its product is the number of numbers; every browser's machine is little-endian. */
export function npyFile(shape: number[], data: Writable): Uint8Array<ArrayBuffer> {
  return file(descr(data), shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Texts as numpy's fixed-width unicode, one dimension. */
export function npyTexts(texts: string[]): Uint8Array<ArrayBuffer> {
  const points = texts.map((text) => Array.from(text, (letter) => letter.codePointAt(0) ?? 0));
  const width = Math.max(1, ...points.map((each) => each.length));
  const codes = new Uint32Array(width * texts.length);
  points.forEach((each, row) => codes.set(each, row * width));
  return file(`<U${width}`, [texts.length], new Uint8Array(codes.buffer));
}

export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
