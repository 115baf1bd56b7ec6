/** Halved copies of a map, pooled by maximum, so that a hot weight is not lost when thousands of them share a pixel. */
import type { AttentionMap } from "./maps";

const levels = new WeakMap<Float32Array, AttentionMap[]>();

/** Half as many rows and columns; each cell is the largest of (up to) four. NaN is passed on only where all are NaN. */
export function halve(map: AttentionMap): AttentionMap {
  const rows = Math.ceil(map.rows / 2);
  const columns = Math.ceil(map.columns / 2);
  const weights = new Float32Array(rows * columns).fill(NaN);
  for (let row = 0; row < map.rows; row++) {
    const from = row * map.columns;
    const to = (row >> 1) * columns;
    for (let column = 0; column < map.columns; column++) {
      const weight = map.weights[from + column] as number;
      const index = to + (column >> 1);
      // Written so that a NaN in the target gives way to any number.
      if (!(weights[index]! >= weight) && weight === weight) weights[index] = weight;
    }
  }
  return { rows, columns, weights };
}

/** The level at which about one to two cells lie under a pixel, and how many cells of the map one of its cells covers. */
export function levelFor(map: AttentionMap, cellsPerPixel: number): { map: AttentionMap; factor: number } {
  let stack = levels.get(map.weights);
  if (!stack) levels.set(map.weights, (stack = [map]));
  const level = Math.max(0, Math.floor(Math.log2(Math.max(1, cellsPerPixel))));
  while (stack.length <= level) stack.push(halve(stack[stack.length - 1]!));
  return { map: stack[level]!, factor: 2 ** level };
}
