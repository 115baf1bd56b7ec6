/** Patches of a sample's picture: cut out along an axis, or tinted in the picture itself. */
import type { Positions } from "../model/positions";
import { cellOf } from "../model/positions";

export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The part of the picture that a position of a grid covers, in its pixels; null for extra positions. */
export function cropOf(picture: HTMLCanvasElement, positions: Positions, position: number): Crop | null {
  const cell = cellOf(positions, position);
  if (!cell || !positions.grid) return null;
  const [rows = 1, columns = 1] = positions.grid;
  return {
    x: (cell.column / columns) * picture.width,
    y: (cell.row / rows) * picture.height,
    width: picture.width / columns,
    height: picture.height / rows,
  };
}

export interface StripView {
  /** First and last place among the shown positions, fractions allowed. */
  from: number;
  to: number;
  /** Device pixels along and across the axis. */
  length: number;
  depth: number;
  vertical: boolean;
}

/** The patches one after the other along an axis, each as wide as its cell of the matrix. */
export function drawStrip(
  context: CanvasRenderingContext2D,
  picture: HTMLCanvasElement,
  positions: Positions,
  view: StripView,
): void {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.imageSmoothingEnabled = picture.width > 64;
  const pitch = view.length / (view.to - view.from);
  const last = Math.min(positions.shown.length, Math.ceil(view.to));
  for (let place = Math.max(0, Math.floor(view.from)); place < last; place++) {
    const crop = cropOf(picture, positions, positions.shown[place]!);
    if (!crop) continue;
    const start = Math.round((place - view.from) * pitch);
    const size = Math.round((place + 1 - view.from) * pitch) - start;
    const [x, y, width, height] = view.vertical ? [0, start, view.depth, size] : [start, 0, size, view.depth];
    context.drawImage(picture, crop.x, crop.y, crop.width, crop.height, x, y, width, height);
  }
}

/** A weight of this size and more gets the full tint; below, the tint is in proportion. */
export const FULL_TINT = 0.2;

const STRONGEST = 0.9;

/** Lays a tint over each cell of a picture. `values`: one weight for each position; `full`: the weight of the full tint. */
export function drawTint(
  context: CanvasRenderingContext2D,
  positions: Positions,
  values: Float32Array,
  rgb: string,
  full: number,
  opacity = STRONGEST,
  place: Crop = { x: 0, y: 0, width: context.canvas.width, height: context.canvas.height },
): void {
  const { x, y, width, height } = place;
  const [rows = 1, columns = 1] = positions.grid ?? [];
  values.forEach((value, position) => {
    const cell = cellOf(positions, position);
    if (!cell || !(Math.abs(value) > 0)) return;
    const strength = Math.min(Math.abs(value) / full, 1) * opacity;
    context.fillStyle = `rgba(${rgb},${strength.toFixed(3)})`;
    const [x0, y0] = [Math.round((cell.column / columns) * width), Math.round((cell.row / rows) * height)];
    const [x1, y1] = [Math.round(((cell.column + 1) / columns) * width), Math.round(((cell.row + 1) / rows) * height)];
    context.fillRect(x + x0, y + y0, x1 - x0, y1 - y0);
  });
}

/** The same tint without edges between the cells: interpolated between their middles. */
export function drawSmoothTint(
  context: CanvasRenderingContext2D,
  positions: Positions,
  values: Float32Array,
  rgb: string,
  full: number,
  opacity = STRONGEST,
): void {
  const [rows = 1, columns = 1] = positions.grid ?? [];
  const small = document.createElement("canvas");
  [small.width, small.height] = [columns, rows];
  const cells = small.getContext("2d");
  if (!cells) return;
  drawTint(cells, positions, values, rgb, full, opacity);
  context.save();
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
  context.restore();
}

/** An outline with a thin halo on both sides, because no colour stands out against every colour of data. */
export function outline(
  context: CanvasRenderingContext2D,
  rect: Crop,
  color: string,
  halo: string,
  thickness: number,
): void {
  context.strokeStyle = halo;
  context.lineWidth = thickness * 2;
  context.strokeRect(rect.x, rect.y, rect.width, rect.height);
  context.strokeStyle = color;
  context.lineWidth = thickness;
  context.strokeRect(rect.x, rect.y, rect.width, rect.height);
}
