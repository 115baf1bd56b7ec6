/** A site's array as maps: one matrix (queries, keys) for each head, iteration and window. */
import type { NumberArray } from "../api/npy";
import type { Axis, Role, Site } from "../api/wire";
import { decodeRows } from "./encoding";

/** Weights of one head, row by row; a gate has one row. */
export interface AttentionMap {
  rows: number;
  columns: number;
  weights: Float32Array;
}

export interface MapShape {
  heads: number;
  iterations: number;
  windows: number;
  queries: number;
  keys: number;
}

export function axesOf(site: Site, role: Role): Axis[] {
  return site.axes.filter((axis) => axis.role === role);
}

const sizeOf = (site: Site, role: Role) => axesOf(site, role).reduce((product, axis) => product * axis.size, 1);

export function mapShape(site: Site): MapShape {
  return {
    heads: sizeOf(site, "heads"),
    iterations: sizeOf(site, "iteration"),
    windows: sizeOf(site, "windows"),
    queries: sizeOf(site, "query"),
    keys: sizeOf(site, "key"),
  };
}

/** Whether the positions of two sites are the same along queries and keys. */
export function sameAxes(one: Site, other: Site): boolean {
  const key = (site: Site) => JSON.stringify([axesOf(site, "query"), axesOf(site, "key")]);
  return key(one) === key(other);
}

export function hasQueries(site: Site): boolean {
  return site.axes.some((axis) => axis.role === "query");
}

export interface Choice {
  head: number;
  iteration: number;
  window: number;
}

/** A map whose weights are decoded when they are first drawn. */
export class LazyMap implements AttentionMap {
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

/** One map out of the array of a site, whose axes lie in the order heads, iteration, windows, queries, keys. */
export function mapOf(site: Site, stored: NumberArray, choice: Choice): AttentionMap {
  const shape = mapShape(site);
  const last = site.shape.at(-1) ?? 1;
  const total = site.shape.reduce((a, b) => a * b, 1);
  const allRows = total / last;
  const perMap = (shape.queries * shape.keys) / last;
  const index = (choice.head * shape.iterations + choice.iteration) * shape.windows + choice.window;
  const weights = decodeRows(stored, site.encoding, allRows, last, index * perMap, perMap);
  return { rows: shape.queries, columns: shape.keys, weights };
}

/** Whether indices are all that there are, in order. */
const areAll = (indices: number[], size: number) => indices.length === size && indices.every((index, i) => index === i);

/** The map with only some rows and columns, for instance without padding, in the order given. */
export function selectFrom(map: AttentionMap, rows: number[], columns: number[]): AttentionMap {
  if (areAll(rows, map.rows) && areAll(columns, map.columns)) return map;
  const weights = new Float32Array(rows.length * columns.length);
  let i = 0;
  for (const row of rows) {
    for (const column of columns) weights[i++] = map.weights[row * map.columns + column] ?? NaN;
  }
  return { rows: rows.length, columns: columns.length, weights };
}

export function rowOf(map: AttentionMap, row: number): Float32Array {
  return map.weights.subarray(row * map.columns, (row + 1) * map.columns);
}

export function columnOf(map: AttentionMap, column: number): Float32Array {
  return Float32Array.from({ length: map.rows }, (_, row) => map.weights[row * map.columns + column] ?? NaN);
}

/** The share of each query of one map, out of what the route `sink` sent; null where the site has no sink. */
export function sinkShares(site: Site, stored: NumberArray, choice: Choice): Float32Array | null {
  if (!site.sink) return null;
  const { heads, iterations, windows, queries } = mapShape(site);
  const map = (choice.head * iterations + choice.iteration) * windows + choice.window;
  return decodeRows(stored, site.sink.encoding, heads * iterations * windows, queries, map, 1);
}
