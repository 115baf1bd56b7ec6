/** Boxes of objects over a sample's picture. */
import type { ObjectBox } from "../model/positions";
import { hatchRect } from "./hatch";
import type { Crop, Tint } from "./tinted";

/** The smallest of the boxes around a point, of 0 to 1 across and down; where there is none, that of the nearest middle. */
export function boxUnder(boxes: ObjectBox[], shown: number[], x: number, y: number): number {
  const size = ([left, top, right, bottom]: ObjectBox) => (right - left) * (bottom - top);
  const away = ([left, top, right, bottom]: ObjectBox) => Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
  const around = ([left, top, right, bottom]: ObjectBox) => left <= x && x <= right && top <= y && y <= bottom;
  const inside = shown.filter((position) => boxes[position] && around(boxes[position]));
  const [among, measure] = inside.length ? [inside, size] : [shown, away];
  const value = (position: number) => (boxes[position] ? measure(boxes[position]) : Infinity);
  return among.reduce((best, position) => (value(position) < value(best) ? position : best), among[0] ?? 0);
}

/** Tints each box by its weight and outlines it. Where boxes overlap, the largest of their weights is seen. */
export function drawBoxes(
  context: CanvasRenderingContext2D,
  boxes: ObjectBox[],
  shown: number[],
  { values, rgb, full, opacity = 0.9 }: Tint,
  within: Crop,
): void {
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [Math.max(1, Math.round(within.width)), Math.max(1, Math.round(within.height))];
  const paint = layer.getContext("2d");
  if (!paint) return;
  const { width, height } = layer;
  const order = shown.filter((position) => boxes[position]).sort((a, b) => weight(a) - weight(b));
  const rects = boxes.map(([left, top, right, bottom]) => {
    const [x, y] = [Math.round(left * width), Math.round(top * height)];
    return { x, y, wide: Math.round(right * width) - x, high: Math.round(bottom * height) - y };
  });
  for (const position of order) {
    const { x, y, wide, high } = rects[position]!;
    const value = Math.abs(values[position] ?? 0);
    paint.clearRect(x, y, wide, high);
    if (Number.isNaN(value)) hatchRect(paint, x, y, wide, high);
    paint.fillStyle = `rgba(${rgb},${(Math.min((value || 0) / full, 1) * opacity).toFixed(3)})`;
    paint.fillRect(x, y, wide, high);
  }
  // Boxes without weight are seen too, and on every picture: a light line beside a dark one.
  for (const position of order) {
    const { x, y, wide, high } = rects[position]!;
    const share = 0.35 + 0.65 * Math.min(Math.abs(values[position] ?? 0) / full || 0, 1);
    for (const [color, inset] of [
      [`rgba(0,0,0,${0.5 * share})`, -0.5],
      [`rgba(255,255,255,${share})`, 0.5],
    ] as const) {
      paint.strokeStyle = color;
      paint.strokeRect(x + inset, y + inset, Math.max(0, wide - 2 * inset), Math.max(0, high - 2 * inset));
    }
  }
  context.drawImage(layer, within.x, within.y);

  /** NaN comes last, so that it is seen. */
  function weight(position: number): number {
    const value = Math.abs(values[position] ?? 0);
    return Number.isNaN(value) ? Infinity : value;
  }
}
