/** The pooled maps of an overview: decoded when they are drawn, for most of those that are fetched never are. */
import type { NumberArray } from "../api/npy";
import type { Role, Sample, Site } from "../api/wire";
import { decodeRows } from "./encoding";
import { hasGateKind } from "./heads";
import { hasQueries, LazyMap, selectFrom, type AttentionMap } from "./maps";
import { positionsOf, type Positions } from "./positions";
import { isPadded } from "./samples";

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

interface Shown {
  sample: Sample | null;
  queries: number[];
  keys: number[];
}

/** The same at every step, and asked for at many. */
const shown = new WeakMap<Site, Shown>();

/** The rows and columns of the pooled maps of a site that hold more than padding. */
function shownCells(site: Site, sample: Sample | null, rows: number, columns: number): Shown {
  const known = shown.get(site);
  if (known?.sample === sample) return known;
  const all = (cells: number) => Array.from({ length: cells }, (_, cell) => cell);
  const filled = sample === null || (!isPadded(sample) && !site.axes.some(({ own }) => own));
  const along = (role: Role, cells: number) =>
    filled ? all(cells) : cellsShown(positionsOf(site, role, sample), cells);
  const whole = !hasQueries(site) && (hasGateKind(site) || rows > 1);
  const found = {
    sample,
    queries: hasQueries(site) ? along("query", rows) : all(rows),
    keys: whole ? all(columns) : along("key", columns),
  };
  shown.set(site, found);
  return found;
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
  const { queries, keys } = shownCells(site, sample, rows, columns);
  return Array.from({ length: heads }, (_, head) => {
    const whole = decoded(head);
    const cut = () => selectFrom({ rows, columns, weights: whole() }, queries, keys).weights;
    return new LazyMap(queries.length, keys.length, cut);
  });
}
