/** Paints the map of one head small: a matrix, the cells of a spatial gate as a plane, the channels of a gate as bars. */
import type { ColorScale } from "../color/scale";
import type { Axis, Site } from "../api/wire";
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
  return keys.length === 2 || (keys.length === 1 && gridOf(keys[0])?.length === 2 && !keys[0]!.own) ? "plane" : "bars";
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

function paintBars(pixels: Uint32Array, stride: number, rect: Rect, map: AttentionMap, scale: ColorScale): void {
  const paper = scale.ramp[scale.signed ? 128 : 0]!;
  const ink = scale.ramp[170]!;
  const { weights } = map;
  const { first, end } = cellsUnder(0, weights.length, rect.width, weights.length);
  for (let x = 0; x < rect.width; x++) {
    let largest = 0;
    for (let i = first[x]!; i < end[x]!; i++) largest = Math.max(largest, Math.abs(weights[i] ?? 0));
    const top = rect.height - Math.round(Math.min(1, largest / scale.top) * rect.height);
    for (let y = 0; y < rect.height; y++)
      pixels[(rect.y + y) * stride + rect.x + x] = Number.isNaN(top) ? hatchAt(x, y) : y < top ? paper : ink;
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
  if (look === "bars") return paintBars(pixels, stride, rect, map, scale);
  const shown = look === "plane" ? plane(site, map) : map;
  paintMap(pixels, stride, rect, shown, wholeMap(shown), scale);
}
