/** Patches of a sample's picture: cut out along an axis, or tinted in the picture itself. */
import { drawBoxes, boxUnder } from "./boxes";
import { drawGraph, nodeAt, nodeRect, tintNodes, type Ink } from "./graph";
import { hatchRect } from "./hatch";
import type { Crop, Tint } from "./tinted";
import { type Positions, cellOf, positionOfCell } from "../model/positions";

/** The part of a picture, of 0 to 1, that a cell covers along one dimension of a grid; cells may hang over its edges. */
function span(positions: Positions, dimension: 0 | 1, cell: number): [number, number] {
  const pixels = positions.pixels?.[dimension];
  if (!pixels) return [cell / positions.grid![dimension]!, (cell + 1) / positions.grid![dimension]!];
  const start = pixels.offset + cell * pixels.stride;
  return [start / pixels.of, (start + pixels.size) / pixels.of];
}

/** The part of the picture that a position of a grid covers, in its pixels, as far as it lies in it; else null. */
export function cropOf(picture: HTMLCanvasElement, positions: Positions, position: number): Crop | null {
  const crop = wholeCrop(picture, positions, position);
  if (!crop) return null;
  const [x, y] = [Math.max(0, crop.x), Math.max(0, crop.y)];
  const width = Math.min(picture.width, crop.x + crop.width) - x;
  const height = Math.min(picture.height, crop.y + crop.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** Where a position lies in a picture that is drawn `width` pixels wide; null where it has no cell or box, and for -1. */
export function rectOf(picture: HTMLCanvasElement, positions: Positions, position: number, width: number): Crop | null {
  if (positions.graph) return nodeRect(positions.graph, position, { x: 0, y: 0, width, height: width });
  const crop = position < 0 ? null : cropOf(picture, positions, position);
  const scale = width / picture.width;
  return crop && { x: crop.x * scale, y: crop.y * scale, width: crop.width * scale, height: crop.height * scale };
}

function wholeCrop(picture: HTMLCanvasElement, positions: Positions, position: number): Crop | null {
  const { width, height } = picture;
  const box = positions.boxes?.[position];
  const cell = box ? null : cellOf(positions, position);
  if (!box && !cell) return null;
  const [top, bottom] = box ? [box[1], box[3]] : span(positions, 0, cell!.row);
  const [left, right] = box ? [box[0], box[2]] : span(positions, 1, cell!.column);
  return { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height };
}

/** Draws the patch of a position into a rectangle; where it hangs over the edge of the picture, so much stays empty. */
export function drawPatch(
  context: CanvasRenderingContext2D,
  picture: HTMLCanvasElement,
  positions: Positions,
  position: number,
  into: Crop,
): void {
  const [whole, crop] = [wholeCrop(picture, positions, position), cropOf(picture, positions, position)];
  if (!whole || !crop) return;
  const [across, down] = [into.width / whole.width, into.height / whole.height];
  const [x, y] = [into.x + (crop.x - whole.x) * across, into.y + (crop.y - whole.y) * down];
  const { width, height } = crop;
  context.drawImage(picture, crop.x, crop.y, width, height, x, y, width * across, height * down);
}

/** The positions that have a cell or a box in the picture and are not left out. */
export function drawnCells(positions: Positions): number[] {
  return positions.shown.filter((position) => positions.boxes?.[position] || cellOf(positions, position) !== null);
}

/** The positions that a tint covers: the cells of a plane, of any other axis (and of all slices) all that are shown. */
export function tintedCells(positions: Positions): number[] {
  return positions.grid?.length === 2 && !positions.slices ? drawnCells(positions) : positions.shown;
}

/** The position whose cell or box is at a point of the picture, of 0 to 1 across and down: that of the nearest middle. */
export function positionUnder(positions: Positions, x: number, y: number): number {
  if (positions.graph) return nodeAt(positions.graph, positions.shown, x, y);
  if (positions.boxes) return boxUnder(positions.boxes, positions.shown, x, y);
  const along = (dimension: 0 | 1, at: number) => {
    const [[start, end], [next]] = [span(positions, dimension, 0), span(positions, dimension, 1)];
    return Math.floor((at - (start + end) / 2) / (next - start) + 0.5);
  };
  return positionOfCell(positions, along(0, y), along(1, x));
}

export interface StripView {
  /** First and last index among the shown positions, fractions allowed. */
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
  for (let index = Math.max(0, Math.floor(view.from)); index < last; index++) {
    const start = Math.round((index - view.from) * pitch);
    const size = Math.round((index + 1 - view.from) * pitch) - start;
    const [x, y, width, height] = view.vertical ? [0, start, view.depth, size] : [start, 0, size, view.depth];
    drawPatch(context, picture, positions, positions.shown[index]!, { x, y, width, height });
  }
}

const wholeOf = ({ canvas }: CanvasRenderingContext2D): Crop => ({
  x: 0,
  y: 0,
  width: canvas.width,
  height: canvas.height,
});

/** What is tinted: the picture that the positions lie in, or their graph, with names of so many pixels (0: none). */
export function drawGround(
  context: CanvasRenderingContext2D,
  picture: HTMLCanvasElement,
  positions: Positions,
  ink: Ink,
  within: Crop = wholeOf(context),
  names = 0,
): void {
  if (positions.graph) return drawGraph(context, positions, ink, within, names);
  context.drawImage(picture, within.x, within.y, within.width, within.height);
}

/** Lays a tint over each cell of a picture. */
export function drawTint(
  context: CanvasRenderingContext2D,
  positions: Positions,
  tint: Tint,
  within: Crop = wholeOf(context),
): void {
  if (positions.graph) return tintNodes(context, positions, tint, within);
  if (positions.boxes) return drawBoxes(context, positions, tint, within);
  const { values, rgb, full, opacity = 0.9 } = tint;
  const [rows = 1, columns = 1] = positions.grid ?? [];
  const weights = new Float32Array(rows * columns);
  for (const position of positions.shown) {
    const cell = cellOf(positions, position);
    if (cell) weights[cell.row * columns + cell.column] = Math.abs(values[position] ?? 0);
  }
  const across = bands(positions, 1, within.width);
  for (const down of bands(positions, 0, within.height))
    for (const { from, to, first, last } of across) {
      let weight = 0;
      for (let row = down.first; row <= down.last; row++)
        for (let column = first; column <= last; column++) weight = Math.max(weight, weights[row * columns + column]!);
      if (weight === 0) continue;
      const [x, y, wide, high] = [within.x + from, within.y + down.from, to - from, down.to - down.from];
      if (Number.isNaN(weight)) {
        hatchRect(context, x, y, wide, high);
        continue;
      }
      context.fillStyle = `rgba(${rgb},${(Math.min(weight / full, 1) * opacity).toFixed(3)})`;
      context.fillRect(x, y, wide, high);
    }
}

/** A picture with its tint, as large as fits into the middle of a rectangle. */
export function drawTinted(
  context: CanvasRenderingContext2D,
  picture: HTMLCanvasElement,
  positions: Positions,
  tint: Tint,
  ink: Ink,
  within: Crop,
): void {
  const scale = Math.min(within.width / picture.width, within.height / picture.height);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  const x = Math.round(within.x + (within.width - width) / 2);
  const y = Math.round(within.y + (within.height - height) / 2);
  context.imageSmoothingEnabled = scale < 1;
  drawGround(context, picture, positions, ink, { x, y, width, height });
  drawTint(context, positions, tint, { x, y, width, height });
}

interface Band {
  /** Pixels of the canvas. */
  from: number;
  to: number;
  /** The cells that cover it. */
  first: number;
  last: number;
}

/** A dimension of a picture cut wherever a cell begins or ends, so that each part is covered by the same cells throughout. */
function bands(positions: Positions, dimension: 0 | 1, length: number): Band[] {
  const spans = Array.from({ length: positions.grid![dimension]! }, (_, cell): [number, number] => {
    const [start, end] = span(positions, dimension, cell).map((at) => Math.max(0, Math.min(1, at)) * length);
    const [from, to] = [Math.round(start!), Math.round(end!)];
    // A cell smaller than a pixel has the pixel in which it begins, with all others that do.
    const pixel = Math.min(Math.floor(start!), length - 1);
    return from < to || end! <= start! ? [from, to] : [pixel, pixel + 1];
  });
  const edges = [...new Set(spans.flat())].sort((a, b) => a - b);
  return edges.slice(1).flatMap((to, i) => {
    const from = edges[i]!;
    const first = spans.findIndex(([start, end]) => start <= from && end >= to);
    const last = spans.findLastIndex(([start, end]) => start <= from && end >= to);
    return first < 0 ? [] : [{ from, to, first, last }];
  });
}

/** The same tint without edges between the cells: interpolated between their middles. */
export function drawSmoothTint(context: CanvasRenderingContext2D, positions: Positions, tint: Tint): void {
  if (positions.boxes || positions.graph) return drawTint(context, positions, tint);
  const [rows = 1, columns = 1] = positions.grid ?? [];
  const small = document.createElement("canvas");
  [small.width, small.height] = [columns, rows];
  const cells = small.getContext("2d");
  if (!cells) return;
  drawTint(cells, { ...positions, pixels: null }, tint);
  const [left, right] = tiles(positions, 1);
  const [top, bottom] = tiles(positions, 0);
  const { width, height } = context.canvas;
  context.save();
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, left * width, top * height, (right - left) * width, (bottom - top) * height);
  context.restore();
}

/** The part of a picture, of 0 to 1, that the cells cover where each takes no more than its distance to the next. */
function tiles(positions: Positions, dimension: 0 | 1): [number, number] {
  const count = positions.grid![dimension]!;
  const [[start, end], [next]] = [span(positions, dimension, 0), span(positions, dimension, 1)];
  const from = (start + end - (next - start)) / 2;
  return [from, from + count * (next - start)];
}
