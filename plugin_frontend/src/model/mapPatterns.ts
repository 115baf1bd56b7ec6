/** What the pooled map of a head, without padding, tells beyond its measures: a causal mask, a key of all queries, a shift, blocks. */
import type { AttentionMap } from "./maps";

/** How large the weight of a cell is, whatever its sign; NaN where it is not a number. */
function sizesOf(map: AttentionMap): (row: number, column: number) => number {
  return (row, column) => Math.abs(map.weights[row * map.columns + column] ?? NaN);
}

/** Whether no query looks at a key behind it, in all of several maps of the same positions. */
export function isCausal(maps: AttentionMap[]): boolean {
  return (
    maps.length > 0 &&
    maps.every((map) => {
      const { rows, columns } = map;
      const at = sizesOf(map);
      if (rows !== columns || rows < 2) return false;
      for (let row = 0; row < rows; row++)
        for (let column = columns - 1; column > row; column--) if (at(row, column) !== 0) return false;
      return true;
    })
  );
}

/** Columns, or lines along the diagonal: of each its share of the rows, its cells, and how many of them are strong. */
class Lines {
  readonly #shares: Float64Array;
  readonly #cells: Uint32Array;
  readonly #strong: Uint32Array;

  constructor(count: number) {
    this.#shares = new Float64Array(count);
    this.#cells = new Uint32Array(count);
    this.#strong = new Uint32Array(count);
  }

  add(line: number, share: number, isStrong: boolean): void {
    this.#shares[line]! += share;
    this.#cells[line]!++;
    if (isStrong) this.#strong[line]!++;
  }

  /** The share of the strongest few together. */
  shareOf(count: number): number {
    const strongest = this.#shares.slice().sort().subarray(-count);
    return strongest.reduce((sum, share) => sum + share, 0);
  }

  /** The largest part of strong cells among lines of at least so many cells: a short line is no pattern of the queries. */
  agreed(fewest: number): number {
    let most = 0;
    this.#cells.forEach((cells, line) => {
      if (cells >= fewest) most = Math.max(most, this.#strong[line]! / cells);
    });
    return most;
  }
}

/** So many keys, and so many distances from the query, count as a pattern that queries share. */
const SHARED = 2;

/**
 * How alike the queries are. `share`: what the two strongest keys and the two strongest distances from the query have together;
 * in a map that is not square, distances are from its diagonal. `agreed`: the part of the queries that have a weight of at least
 * `strong` on one key, or at one distance, where this is largest. In a pooled map, where each cell has the largest weight of many,
 * `share` is too small where attention is scattered, and `agreed` is too large.
 */
export function sharedPatterns(map: AttentionMap, causal: boolean, strong: number): { share: number; agreed: number } {
  const { rows, columns } = map;
  const at = sizesOf(map);
  const [keys, shifts] = [new Lines(columns), new Lines(rows + columns)];
  for (let row = 0; row < rows; row++) {
    const middle = Math.round((row * columns) / rows);
    let total = 0;
    for (let column = 0; column < columns; column++) total += at(row, column);
    for (let column = 0; column < (causal ? row + 1 : columns); column++) {
      const weight = at(row, column);
      const share = total > 0 ? weight / total / rows : 0;
      keys.add(column, share, weight >= strong);
      shifts.add(column - middle + columns, share, weight >= strong);
    }
  }
  return {
    share: keys.shareOf(SHARED) + shifts.shareOf(SHARED),
    agreed: Math.max(keys.agreed(rows / 2), shifts.agreed(rows / 2)),
  };
}

/**
 * The share of attention on the key, or the pooled cell of keys, that gets most of it; NaN where a weight is not a number.
 */
export function shareOfBestKey(map: AttentionMap): number {
  const { rows, columns } = map;
  const at = sizesOf(map);
  const sums = new Float64Array(columns);
  let counted = 0;
  for (let row = 0; row < rows; row++) {
    let total = 0;
    for (let column = 0; column < columns; column++) total += at(row, column);
    if (total === 0) continue;
    counted++;
    for (let column = 0; column < columns; column++) sums[column]! += at(row, column) / total;
  }
  return counted ? Math.max(...sums) / counted : NaN;
}

/** The share of attention on the diagonal and the cells beside it, and what it is where attention is uniform. */
export function shareNearDiagonal(map: AttentionMap, causal: boolean): { share: number; even: number } {
  const { rows, columns } = map;
  const at = sizesOf(map);
  let [share, even, counted] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    const middle = Math.round((row * columns) / rows);
    let [near, total, cells] = [0, 0, 0];
    const visible = causal ? row + 1 : columns;
    for (let column = 0; column < columns; column++) {
      total += at(row, column);
      if (Math.abs(column - middle) > 1) continue;
      near += at(row, column);
      if (column < visible) cells++;
    }
    if (total === 0) continue;
    counted++;
    share += near / total;
    even += cells / visible;
  }
  return { share: share / counted, even: even / counted };
}

/** Across a boundary of blocks a row has at most this part of what it would have if it were uniform. */
const ACROSS = 0.3;
/** The smallest block, as a part of the rows. */
const SMALLEST_BLOCK = 1 / 8;

/** Whether there is a position that next to no query looks across. Only the first boundary is sought: two blocks or more. */
export function hasBlocks(map: AttentionMap, causal: boolean): boolean {
  const { rows, columns } = map;
  const at = sizesOf(map);
  if (rows !== columns) return false;
  const least = Math.max(2, Math.ceil(rows * SMALLEST_BLOCK));
  // A pooled row may hold queries of two blocks, and a special token looks at all.
  const exceptions = 1 + Math.floor(rows / 20);
  const before = Array.from({ length: rows }, (_, row) => {
    const sums = [0];
    for (let column = 0; column < columns; column++) sums.push(sums[column]! + at(row, column));
    return sums;
  });
  for (let boundary = least; boundary <= rows - least; boundary++) {
    let crossing = 0;
    for (let row = causal ? boundary : 0; row < rows && crossing <= exceptions; row++) {
      const [total, left] = [before[row]![columns]!, before[row]![boundary]!];
      const visible = causal ? row + 1 : columns;
      const across = row < boundary ? total - left : left;
      const uniform = row < boundary ? (visible - boundary) / visible : boundary / visible;
      if (!(across <= ACROSS * uniform * total)) crossing++;
    }
    if (crossing <= exceptions) return true;
  }
  return false;
}
