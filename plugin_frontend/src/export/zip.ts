/** Writes a zip archive of deflated files (APPNOTE 6.3), as numpy.load and every file manager open it. */
import { deflated } from "../api/npyFile";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

export function crc32(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255]! ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** Numbers of 2 or 4 bytes, little-endian: `[bytes, value]`. */
function header(...fields: [2 | 4, number][]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fields.reduce((size, [count]) => size + count, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [count, value] of fields) {
    if (count === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += count;
  }
  return bytes;
}

const [VERSION, UTF8, DEFLATE] = [20, 0x800, 8];
// 1980-01-01, the first day that a zip knows: the same numbers make the same file.
const FIRST_DAY = 33;

export async function zipFile(files: [string, Uint8Array<ArrayBuffer>][]): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [text, content] of files) {
    const name = new TextEncoder().encode(text);
    const body = await deflated(content);
    const told: [2 | 4, number][] = [
      [2, VERSION],
      [2, UTF8],
      [2, DEFLATE],
      [2, 0],
      [2, FIRST_DAY],
      [4, crc32(content)],
      [4, body.length],
      [4, content.length],
      [2, name.length],
      [2, 0],
    ];
    const local = header([4, 0x04034b50], ...told);
    directory.push(header([4, 0x02014b50], [2, VERSION], ...told, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    parts.push(local, name, body);
    offset += local.length + name.length + body.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = header([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
