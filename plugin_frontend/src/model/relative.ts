/** Maps relative to their largest weight, row by row or in all, so that what is weak can be seen too. */
import type { AttentionMap } from "./maps";

export type Norm = "no" | "row" | "matrix";

function divide(weights: Float32Array, from: number, to: number): void {
  let largest = 0;
  for (let i = from; i < to; i++) if (Math.abs(weights[i]!) > largest) largest = Math.abs(weights[i]!);
  if (largest > 0) for (let i = from; i < to; i++) weights[i]! /= largest;
}

/** The map with its largest weight (by amount), or that of each row, made 1; NaN stays NaN. */
export function relativeTo(map: AttentionMap, norm: Norm): AttentionMap {
  if (norm === "no") return map;
  const weights = map.weights.slice();
  if (norm === "matrix") divide(weights, 0, weights.length);
  else for (let row = 0; row < map.rows; row++) divide(weights, row * map.columns, (row + 1) * map.columns);
  return { ...map, weights };
}
