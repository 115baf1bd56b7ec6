/** Two maps of the same size: what is more in one of them, and how far apart they are. */
import type { AttentionMap } from "./maps";

export interface Change {
  query: number;
  key: number;
  by: number;
}

/** One number of two maps. */
export interface Measure {
  name: string;
  a: number;
  b: number;
}

export const weightAt = (map: AttentionMap, query: number, key: number) =>
  map.weights[query * map.columns + key] ?? NaN;

/** B - A, weight by weight. */
export function difference(a: AttentionMap, b: AttentionMap): AttentionMap {
  return { ...b, weights: b.weights.map((weight, i) => weight - a.weights[i]!) };
}

/** The largest change among some rows and columns, by amount; null where all is NaN. */
export function largestChange(map: AttentionMap, queries: number[], keys: number[]): Change | null {
  let found: Change | null = null;
  for (const query of queries) {
    for (const key of keys) {
      const by = map.weights[query * map.columns + key]!;
      if (by === by && (!found || Math.abs(by) > Math.abs(found.by))) found = { query, key, by };
    }
  }
  return found;
}

/** The largest first, by amount; what is not a number last. */
export function byAmount(a: number, b: number): number {
  const amount = (value: number) => (Number.isNaN(value) ? -1 : Math.abs(value));
  return amount(b) - amount(a);
}

/** NaN stays NaN. */
const bits = (share: number) => (share <= 0 ? 0 : -share * Math.log2(share));

/** The queries whose rows two maps can be compared by: all but those that are NaN throughout in both, such as the last of a generated text. */
export function comparableQueries(a: AttentionMap, b: AttentionMap, queries: number[], keys: number[]): number[] {
  const known = queries.filter((query) =>
    keys.some((key) => !Number.isNaN(weightAt(a, query, key)) || !Number.isNaN(weightAt(b, query, key))),
  );
  return known.length ? known : queries;
}

/** Mean Shannon entropy of the rows, in bits; each row is taken as shares of its sum over `keys`. NaN where a row has one. */
export function meanEntropy(map: AttentionMap, queries: number[], keys: number[]): number {
  let total = 0;
  for (const query of queries) {
    const row = map.weights.subarray(query * map.columns, (query + 1) * map.columns);
    const sum = keys.reduce((s, key) => s + row[key]!, 0);
    for (const key of keys) total += sum <= 0 ? 0 : bits(row[key]! / sum);
  }
  return total / Math.max(1, queries.length);
}

/** Mean Jensen-Shannon divergence of the rows, in bits: 0 for equal maps, 1 for maps that share nothing. NaN where a row has one. */
export function meanDivergence(a: AttentionMap, b: AttentionMap, queries: number[], keys: number[]): number {
  let total = 0;
  for (const query of queries) {
    const from = query * a.columns;
    const sum = (map: AttentionMap) => keys.reduce((s, key) => s + map.weights[from + key]!, 0);
    const [sumA, sumB] = [sum(a), sum(b)];
    if (sumA <= 0 || sumB <= 0) continue;
    for (const key of keys) {
      const [p, q] = [a.weights[from + key]! / sumA, b.weights[from + key]! / sumB];
      total += bits((p + q) / 2) - (bits(p) + bits(q)) / 2;
    }
  }
  return total / Math.max(1, queries.length);
}

/** How far apart the small maps of heads are, as the mean divergence of their rows; null where one is missing or has another size. */
export function headDivergence(a: AttentionMap | undefined, b: AttentionMap): number | null {
  if (!a || a.rows !== b.rows || a.columns !== b.columns) return null;
  const all = (count: number) => Array.from({ length: count }, (_, i) => i);
  const keys = all(b.columns);
  // Rows of padding are 0 in both.
  const filled = all(b.rows).filter((row) =>
    keys.some((key) => weightAt(a, row, key) !== 0 || weightAt(b, row, key) !== 0),
  );
  return meanDivergence(a, b, comparableQueries(a, b, filled, keys), keys);
}

/** How focused two maps are. */
export function measuresOf(a: AttentionMap, b: AttentionMap, queries: number[], keys: number[]): Measure[] {
  const entropy = (map: AttentionMap) => meanEntropy(map, queries, keys);
  const largest = (map: AttentionMap) =>
    queries.reduce((sum, query) => sum + Math.max(...keys.map((key) => weightAt(map, query, key))), 0) /
    Math.max(1, queries.length);
  return [
    { name: "entropy (bits)", a: entropy(a), b: entropy(b) },
    { name: "largest weight (mean)", a: largest(a), b: largest(b) },
  ];
}

/**
 * Jensen-Shannon divergence in bits, from 0 (the same) to 1 (nothing in common), of rows made to sum to 1 (Lin, 1991). NaN
 * where they differ in length or one of them is empty, negative or not a number.
 */
export function rowDivergence(a: Float32Array, b: Float32Array): number {
  const sum = (row: Float32Array) => row.reduce((total, weight) => (weight < 0 ? NaN : total + weight), 0);
  const [sumA, sumB] = [sum(a), sum(b)];
  if (a.length !== b.length || !(sumA > 0) || !(sumB > 0)) return NaN;
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [a[i]! / sumA, b[i]! / sumB];
    total += bits((p + q) / 2) - (bits(p) + bits(q)) / 2;
  }
  return Math.max(0, total);
}
