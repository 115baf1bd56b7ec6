/** The pooled maps of an overview: decoded when they are drawn, for most of those that are fetched never are. */
import type { NumberArray } from "../api/npy";
import type { Role, Sample, Site } from "../api/wire";
import { decodeRows } from "./encoding";
import { hasGateKind } from "./heads";
import { hasQueries, selectFrom, type AttentionMap } from "./maps";
import { positionsOf, type Positions } from "./positions";

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

const MOST = 32;

/** How many cells an axis of `size` positions has in an overview. */
export const pooledSize = (size: number) => Math.min(MOST, size);

/** The cells of a pooled axis that hold a position which is no padding. */
export function cellsShown({ shown, size }: Positions, cells: number): number[] {
  const all = Array.from({ length: cells }, (_, cell) => cell);
  if (shown.length === size) return all;
  const there = new Set(shown);
  const start = (cell: number) => Math.floor((cell * size) / cells);
  return all.filter((cell) => {
    for (let position = start(cell); position < start(cell + 1); position++) if (there.has(position)) return true;
    return false;
  });
}

/**
 * The pooled maps of all heads of a site, from the overview of one sample; the row of a gate has several where its keys are a
 * grid. Padding of the sample is left out.
 */
export function overviewMaps(site: Site, stored: NumberArray, sample: Sample | null = null): AttentionMap[] {
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
  const decoded = (head: number) => () => decodeRows(part, encoding, allRows, columns, head * rows, rows);
  const shownAlong = (role: Role, cells: number) => cellsShown(positionsOf(site, role, sample), cells);
  const [down, across] = hasQueries(site)
    ? [shownAlong("query", rows), shownAlong("key", columns)]
    : [null, hasGateKind(site) || rows > 1 ? null : shownAlong("key", columns)];
  const queries = down ?? Array.from({ length: rows }, (_, row) => row);
  const keys = across ?? Array.from({ length: columns }, (_, column) => column);
  return Array.from({ length: heads }, (_, head) => {
    const whole = decoded(head);
    const cut = () => selectFrom({ rows, columns, weights: whole() }, queries, keys).weights;
    return new PooledMap(queries.length, keys.length, cut);
  });
}
