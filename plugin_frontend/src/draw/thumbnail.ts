/** Paints the map of one head small: a matrix, the cells of a spatial gate as a plane, the values of a gate over channels by size. */
import type { ColorScale } from "../color/scale";
import type { Axis, Site } from "../api/wire";
import { hasGateKind } from "../model/heads";
import { type AttentionMap, axesOf, hasQueries } from "../model/maps";
import { hatchAt } from "./hatch";
import { paintMap, wholeMap, type Rect } from "./heatmap";
import { cellsUnder } from "./shrink";

export type Look = "matrix" | "plane" | "bars";

const gridOf = (axis: Axis | undefined) => axis?.cells?.grid ?? axis?.grid;

export function lookOf(site: Site): Look {
  if (hasQueries(site)) return "matrix";
  const keys = axesOf(site, "key");
  // Cells of samples that differ in size lie one behind the other.
  return keys.length > 1 || (keys.length === 1 && gridOf(keys[0])?.length === 2 && !keys[0]!.own) ? "plane" : "bars";
}

/** The map of a gate over a grid, unrolled to its rows and columns where it was not pooled. */
function plane(site: Site, map: AttentionMap): AttentionMap {
  const keys = axesOf(site, "key");
  const grid = keys.length === 2 ? keys.map((axis) => axis.size) : (gridOf(keys[0]) ?? []);
  const [rows = 1, columns = 1] = grid;
  const extra = map.weights.length - rows * columns;
  const cells = keys[0]?.cells;
  if (map.rows !== 1 || extra < 0 || extra !== ((cells ?? keys[0])?.extra?.length ?? 0)) return map;
  if (!cells) return { rows, columns, weights: map.weights.subarray(extra) };
  const weights = new Float32Array(rows * columns);
  cells.of.forEach((cell, position) => cell >= 0 && (weights[cell] = map.weights[position]!));
  return { rows, columns, weights };
}

/** The values of a gate by falling size, so that one sees how many are open; those of other sites stay in their order. */
function barsOf(site: Site, { weights }: AttentionMap): Float32Array {
  return hasGateKind(site) ? weights.slice().sort().reverse() : weights;
}

/** A bar a value, side by side without gaps: from the bottom, or from the middle up and down where values are signed. */
function paintBars(pixels: Uint32Array, stride: number, rect: Rect, weights: Float32Array, scale: ColorScale): void {
  const { ramp, signed, top } = scale;
  const [paper, ink] = signed ? [ramp[128]!, [ramp[40]!, ramp[215]!]] : [ramp[0]!, [ramp[170]!, ramp[170]!]];
  const room = signed ? rect.height / 2 : rect.height;
  const { first, end: stop } = cellsUnder(0, weights.length, rect.width, weights.length);
  for (let x = 0; x < rect.width; x++) {
    let value = weights[first[x]!] ?? 0;
    for (let i = first[x]! + 1; i < stop[x]!; i++) if (!(Math.abs(weights[i]!) <= Math.abs(value))) value = weights[i]!;
    const high = Math.round(Math.min(1, Math.abs(value) / top) * room);
    const [start, end] = value < 0 ? [room, room + high] : [room - high, room];
    for (let y = 0; y < rect.height; y++)
      pixels[(rect.y + y) * stride + rect.x + x] = Number.isNaN(value)
        ? hatchAt(x, y)
        : y >= start && y < end
          ? ink[value < 0 ? 0 : 1]!
          : paper;
  }
}

export function paintThumbnail(
  pixels: Uint32Array,
  stride: number,
  rect: Rect,
  site: Site,
  map: AttentionMap,
  scale: ColorScale,
): void {
  const look = lookOf(site);
  if (look === "bars") return paintBars(pixels, stride, rect, barsOf(site, map), scale);
  const shown = look === "plane" ? plane(site, map) : map;
  paintMap(pixels, stride, rect, shown, wholeMap(shown), scale);
}
