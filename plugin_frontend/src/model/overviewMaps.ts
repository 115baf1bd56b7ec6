/** The pooled maps of an overview: decoded when they are drawn, for most of those that are fetched never are. */
import type { NumberArray } from "../api/npy";
import type { Site } from "../api/wire";
import { decodeRows } from "./encoding";
import type { AttentionMap } from "./maps";

class PooledMap implements AttentionMap {
  #weights: Float32Array | undefined;

  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly decode: () => Float32Array,
  ) {}

  get weights(): Float32Array {
    return (this.#weights ??= this.decode());
  }
}

/** The pooled maps of all heads of a site, from the overview of one sample; the row of a gate has several where its keys are a grid. */
export function overviewMaps(site: Site, stored: NumberArray): AttentionMap[] {
  const overview = site.overview;
  if (!overview || !(stored instanceof Uint8Array)) return [];
  const { shape, encoding, offset, bytes } = overview;
  const columns = shape.at(-1) ?? 1;
  const total = shape.reduce((a, b) => a * b, 1);
  if (total === 0) return [];
  const allRows = total / columns;
  const heads = shape.length === 1 ? 1 : (shape[0] ?? 1);
  const rows = allRows / heads;
  const part = stored.subarray(offset, offset + bytes);
  return Array.from(
    { length: heads },
    (_, head) => new PooledMap(rows, columns, () => decodeRows(part, encoding, allRows, columns, head * rows, rows)),
  );
}
