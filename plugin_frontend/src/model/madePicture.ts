/** One picture out of those that a model made of a sample, one in each iteration. */
import type { NpyArray } from "../api/npy";

/** The frame of an iteration, (rows, columns, channels); the only one where there is one. */
export function frameOf(made: NpyArray | null, iteration: number): NpyArray | null {
  if (!made) return null;
  const [frames = 1, ...shape] = made.shape;
  const size = shape.reduce((product, side) => product * side, 1);
  const from = Math.min(iteration, frames - 1) * size;
  return { ...made, shape, data: made.data.subarray(from, from + size) };
}
