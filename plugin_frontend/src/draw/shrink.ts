/** A map at the size at which it is painted: under each pixel the largest of the weights that it covers, of all of them. */
import type { AttentionMap } from "../model/maps";

/** The part of a map that is shown, in cells; fractions allowed. */
export interface Viewport {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** First and last (exclusive) cell under each pixel. */
export interface Covered {
  first: Int32Array;
  end: Int32Array;
}

/** Sums of fractions miss whole numbers by less. */
const ROUNDING = 1e-6;

/**
 * Cells `from` to `to` on `pixels` pixels, of `cells` there are. A pixel covers every cell that reaches into it; where cells are
 * larger than pixels it covers the one in its middle, so that none is lost and none grows. Beyond the cells it covers none.
 */
export function cellsUnder(from: number, to: number, pixels: number, cells: number): Covered {
  const [first, end] = [new Int32Array(pixels), new Int32Array(pixels)];
  const step = (to - from) / pixels;
  for (let i = 0; i < pixels; i++) {
    const small = step > 1 + ROUNDING;
    const start = Math.floor(from + (small ? i : i + 0.5) * step + ROUNDING);
    const stop = small ? Math.ceil(from + (i + 1) * step - ROUNDING) : start + 1;
    first[i] = Math.max(0, Math.min(cells, start));
    end[i] = Math.max(0, Math.min(cells, stop));
  }
  return { first, end };
}

interface Shrunk {
  key: string;
  /** A cell for each pixel; NaN only where all that it covers is, and beyond the map. */
  map: AttentionMap;
}

/** What was shrunk last: painting again costs as much as the pixels, not as the map. */
const shrunk = new WeakMap<Float32Array, Shrunk[]>();
const KEPT = 3;

/** The part of a map as `height` x `width` cells, each the largest (by amount) under its pixel. */
export function shrink(map: AttentionMap, view: Viewport, width: number, height: number): AttentionMap {
  const key = [view.x0, view.y0, view.x1, view.y1, width, height, map.columns].join();
  const known = shrunk.get(map.weights) ?? [];
  let found = known.find((one) => one.key === key);
  if (!found) {
    const weights = largest(
      map,
      cellsUnder(view.y0, view.y1, height, map.rows),
      cellsUnder(view.x0, view.x1, width, map.columns),
    );
    found = { key, map: { rows: height, columns: width, weights } };
    shrunk.set(map.weights, [found, ...known].slice(0, KEPT));
  }
  return found.map;
}

function largest({ weights, columns }: AttentionMap, down: Covered, across: Covered): Float32Array {
  const [height, width] = [down.first.length, across.first.length];
  const result = new Float32Array(width * height).fill(NaN);
  const line = new Float32Array(columns);
  const [left, right] = [across.first[0] ?? 0, across.end[width - 1] ?? 0];
  for (let y = 0; y < height; y++) {
    line.fill(NaN, left, right);
    for (let row = down.first[y]!; row < down.end[y]!; row++) {
      const start = row * columns;
      for (let column = left; column < right; column++) {
        const weight = weights[start + column]!;
        // Written so that a NaN gives way to any number, and no number to a NaN.
        if (weight === weight && !(Math.abs(line[column]!) >= Math.abs(weight))) line[column] = weight;
      }
    }
    for (let x = 0; x < width; x++) {
      let most = NaN;
      for (let column = across.first[x]!; column < across.end[x]!; column++) {
        const weight = line[column]!;
        if (weight === weight && !(Math.abs(most) >= Math.abs(weight))) most = weight;
      }
      result[y * width + x] = most;
    }
  }
  return result;
}
