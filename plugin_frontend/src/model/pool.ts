/** Several maps or rows as one: their mean, or the largest of each weight. */
import type { AttentionMap } from "./maps";

export type Pooling = "mean" | "max";

/** Rows of equal length as one. NaN is passed on by the mean only. */
export function poolRows(rows: Float32Array[], pooling: Pooling): Float32Array {
  const first = rows[0];
  if (!first) return new Float32Array(0);
  const pooled = first.slice();
  for (const row of rows.slice(1)) {
    for (let i = 0; i < pooled.length; i++) {
      if (pooling === "mean") pooled[i]! += row[i]!;
      else if (!(pooled[i]! >= row[i]!)) pooled[i] = row[i]!;
    }
  }
  if (pooling === "mean") for (let i = 0; i < pooled.length; i++) pooled[i]! /= rows.length;
  return pooled;
}

export function poolMaps(maps: AttentionMap[], pooling: Pooling): AttentionMap {
  const { rows = 0, columns = 0 } = maps[0] ?? {};
  const weights = poolRows(
    maps.map((map) => map.weights),
    pooling,
  );
  return { rows, columns, weights };
}

/** The mean of some rows of a map; those beyond its end are left out. */
export function meanRow(map: AttentionMap, rows: number[]): Float32Array {
  const inside = rows.filter((row) => row < map.rows);
  return poolRows(
    inside.map((row) => map.weights.subarray(row * map.columns, (row + 1) * map.columns)),
    "mean",
  );
}
