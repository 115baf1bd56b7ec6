import { crc32, inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { readNpy } from "../src/api/npy";
import { npzFile } from "../src/export/tables";

/** The members of a zip, by its local headers. */
async function members(blob: Blob): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const found: Record<string, Uint8Array<ArrayBuffer>> = {};
  let at = 0;
  while (view.getUint32(at, true) === 0x04034b50) {
    const [stored, name] = [view.getUint32(at + 18, true), view.getUint16(at + 26, true)];
    const start = at + 30 + name;
    const content = new Uint8Array(inflateRawSync(bytes.subarray(start, start + stored)));
    expect(crc32(content)).toBe(view.getUint32(at + 14, true));
    found[new TextDecoder().decode(bytes.subarray(at + 30, start))] = content;
    at = start + stored;
  }
  return found;
}

test("columns are numbers or texts, arrays keep their shape", async () => {
  const files = await members(
    npzFile(
      {
        head: ["query", "key weight"],
        rows: [
          ["dear", 0.25],
          ["sir", NaN],
        ],
        arrays: { weights: { shape: [1, 2], data: Float32Array.of(0.25, 0.75) } },
      },
      ["step 3"],
    ),
  );
  expect(Object.keys(files)).toEqual(["query.npy", "key_weight.npy", "weights.npy", "caption.npy"]);
  expect([...readNpy(files["key_weight.npy"]!).data]).toEqual([0.25, NaN]);
  expect(readNpy(files["weights.npy"]!)).toEqual({ shape: [1, 2], data: Float32Array.of(0.25, 0.75) });
  expect(new TextDecoder("latin1").decode(files["query.npy"])).toContain("<U4");
});
