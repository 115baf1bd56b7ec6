/** Paints a map, or a part of it, into pixels. */
import { curved, type ColorScale } from "../color/scale";
import type { AttentionMap } from "../model/maps";
import { hatchAt } from "./hatch";
import { cellsUnder, shrink, type Viewport } from "./shrink";

export type { Viewport } from "./shrink";

/** Whole device pixels. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function wholeMap(map: { rows: number; columns: number }): Viewport {
  return { x0: 0, y0: 0, x1: map.columns, y1: map.rows };
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
  const { width, height } = rect;
  const small = view.x1 - view.x0 > width || view.y1 - view.y0 > height;
  const map = small ? shrink(source, view, width, height) : source;
  const { x0, y0, x1, y1 } = small ? wholeMap(map) : view;
  const across = cellsUnder(x0, x1, width, map.columns);
  const down = cellsUnder(y0, y1, height, map.rows);
  const { weights, columns } = map;
  const { ramp, signed, curve } = scale;
  const perTop = 1 / scale.top;
  let before = -1;
  for (let y = 0; y < height; y++) {
    const row = down.first[y]!;
    if (row >= down.end[y]!) continue;
    const out = (rect.y + y) * stride + rect.x;
    if (row === before) {
      pixels.copyWithin(out, out - stride, out - stride + width);
      continue;
    }
    before = row;
    let known = -1;
    let color = 0;
    let hatched = false;
    for (let x = 0; x < width; x++) {
      const column = across.first[x]!;
      if (column >= across.end[x]!) continue;
      if (column !== known) {
        const weight = weights[row * columns + column]!;
        if (weight !== weight) color = 0;
        else {
          const share = curved(curve, Math.min(1, Math.abs(weight) * perTop));
          const index = signed ? 127.5 + (weight < 0 ? -127.5 : 127.5) * share : weight < 0 ? 0 : share * 255;
          color = ramp[(index + 0.5) | 0]!;
        }
        known = column;
      }
      if (!color) hatched = true;
      pixels[out + x] = color || hatchAt(x, y);
    }
    // Hatching changes from pixel row to pixel row, so rows with NaN are not copied.
    if (hatched) before = -1;
  }
}
