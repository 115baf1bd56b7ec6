/** Paints a map, or a part of it, into pixels. The cost depends on the pixels, not on the size of the map. */
import { curved, type ColorScale } from "../color/scale";
import type { AttentionMap } from "../model/maps";
import { levelFor } from "../model/pyramid";
import { hatchAt } from "./hatch";

/** Whole device pixels. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The part of a map that is shown, in cells; fractions allowed. */
export interface Viewport {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export function wholeMap(map: { rows: number; columns: number }): Viewport {
  return { x0: 0, y0: 0, x1: map.columns, y1: map.rows };
}

/** First and last (exclusive) cell under each of `pixels` pixels. */
function ranges(from: number, to: number, pixels: number, cells: number): [Int32Array, Int32Array] {
  const first = new Int32Array(pixels);
  const end = new Int32Array(pixels);
  const step = (to - from) / pixels;
  for (let i = 0; i < pixels; i++) {
    // A cell belongs to the pixel in which it begins when cells are small, to all pixels that it covers when they are large.
    const a = Math.floor(from + (step < 1 ? i + 0.5 : i) * step);
    first[i] = Math.max(-1, Math.min(cells, a));
    end[i] = Math.min(cells, Math.max(a + 1, Math.floor(from + (i + 1) * step)));
  }
  return [first, end];
}

/**
 * Paints `view` of `map` into `rect` of `pixels`, a canvas of `stride` pixels a row. Where several weights share a pixel,
 * the largest (by amount) is shown; NaN is hatched; outside the map nothing is painted.
 */
export function paintMap(
  pixels: Uint32Array,
  stride: number,
  rect: Rect,
  source: AttentionMap,
  view: Viewport,
  scale: ColorScale,
): void {
  const { map, factor } = levelFor(
    source,
    Math.min((view.x1 - view.x0) / rect.width, (view.y1 - view.y0) / rect.height),
  );
  const [columnFrom, columnEnd] = ranges(view.x0 / factor, view.x1 / factor, rect.width, map.columns);
  const [rowFrom, rowEnd] = ranges(view.y0 / factor, view.y1 / factor, rect.height, map.rows);
  const { weights, columns } = map;
  const { ramp, signed, curve } = scale;
  const perTop = 1 / scale.top;
  let before = -1;
  for (let y = 0; y < rect.height; y++) {
    const r0 = rowFrom[y]!;
    const r1 = rowEnd[y]!;
    if (r0 < 0 || r0 >= map.rows) continue;
    const out = (rect.y + y) * stride + rect.x;
    if (y > 0 && r0 === before && r1 === rowEnd[y - 1] && r0 === rowFrom[y - 1]) {
      pixels.copyWithin(out, out - stride, out - stride + rect.width);
      continue;
    }
    before = r0;
    let known = -1;
    let color = 0;
    let hatched = false;
    for (let x = 0; x < rect.width; x++) {
      const c0 = columnFrom[x]!;
      const c1 = columnEnd[x]!;
      if (c0 < 0 || c0 >= columns) continue;
      if (c0 !== known || c1 - c0 > 1) {
        let weight = weights[r0 * columns + c0]!;
        if (c1 - c0 > 1 || r1 - r0 > 1) {
          for (let r = r0; r < r1; r++) {
            for (let c = c0; c < c1; c++) {
              const other = weights[r * columns + c]!;
              if (weight !== weight || Math.abs(other) > Math.abs(weight)) weight = other;
            }
          }
        }
        if (weight !== weight) color = 0;
        else {
          const share = curved(curve, Math.min(1, Math.abs(weight) * perTop));
          const index = signed ? 127.5 + (weight < 0 ? -127.5 : 127.5) * share : weight < 0 ? 0 : share * 255;
          color = ramp[(index + 0.5) | 0]!;
        }
        known = c0;
      }
      if (!color) hatched = true;
      pixels[out + x] = color || hatchAt(x, y);
    }
    // Hatching changes from pixel row to pixel row, so rows with NaN are not copied.
    if (hatched) before = -1;
  }
}
