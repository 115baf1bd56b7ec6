/** Boxes of objects over a sample's picture. */
import { overlap, type Box } from "../model/overlap";
import { isNamed, type ObjectBox, type Positions } from "../model/positions";
import { hatchRect } from "./hatch";
import type { Crop, Tint } from "./tinted";

/** 0 for an object that is not there. */
const area = ([left, top, right, bottom]: ObjectBox) => (right - left) * (bottom - top);

/** The smallest of the boxes around a point, of 0 to 1 across and down; where there is none, that of the nearest middle. */
export function boxUnder(boxes: ObjectBox[], shown: number[], x: number, y: number): number {
  const away = ([left, top, right, bottom]: ObjectBox) => Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
  const around = ([left, top, right, bottom]: ObjectBox) => left <= x && x <= right && top <= y && y <= bottom;
  const there = shown.filter((position) => boxes[position] && area(boxes[position]) > 0);
  const inside = there.filter((position) => boxes[position] && around(boxes[position]));
  const [among, measure] = inside.length ? [inside, area] : [there.length ? there : shown, away];
  const value = (position: number) => (boxes[position] ? measure(boxes[position]) : Infinity);
  return among.reduce((best, position) => (value(position) < value(best) ? position : best), among[0] ?? 0);
}

/**
 * Tints each box by its weight and outlines it, that of an object with a name more strongly. Where boxes overlap, the largest of their
 * weights is seen.
 */
export function drawBoxes(
  context: CanvasRenderingContext2D,
  positions: Positions,
  { values, rgb, full, opacity = 0.9 }: Tint,
  within: Crop,
): void {
  const { shown, boxes } = positions;
  if (!boxes) return;
  const layer = document.createElement("canvas");
  [layer.width, layer.height] = [Math.max(1, Math.round(within.width)), Math.max(1, Math.round(within.height))];
  const paint = layer.getContext("2d");
  if (!paint) return;
  const { width, height } = layer;
  const there = shown.filter((position) => boxes[position] && area(boxes[position]) > 0);
  const order = there.sort((a, b) => weight(a) - weight(b));
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
    const least = !positions.worded ? 0.35 : isNamed(positions, position) ? 0.8 : 0.15;
    const share = least + (1 - least) * Math.min(Math.abs(values[position] ?? 0) / full || 0, 1);
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

/**
 * Writes the names of objects at their boxes: those of `first` before the others, then by falling weight; a name that would lie over
 * another one, or that is wider than the picture, is left out.
 */
export function drawBoxNames(
  context: CanvasRenderingContext2D,
  positions: Positions,
  values: Float32Array | null,
  first: number[],
  ratio: number,
  { x, y, width, height }: Crop = { x: 0, y: 0, width: context.canvas.width, height: context.canvas.height },
): void {
  const { boxes, shown, worded } = positions;
  if (!boxes || !worded) return;
  const weight = (position: number) => Math.abs(values?.[position] ?? 0) || 0;
  const others = shown.filter((position) => !first.includes(position)).sort((a, b) => weight(b) - weight(a));
  context.font = `500 ${11 * ratio}px Roboto, Arial, sans-serif`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const [high, written] = [15 * ratio, [] as Box[]];
  for (const position of [...first.filter((each) => shown.includes(each)), ...others]) {
    const box = boxes[position];
    const text = positions.label(position);
    // Objects without a name are called by their numbers elsewhere; here they would be noise.
    if (!box || !isNamed(positions, position)) continue;
    const wide = context.measureText(text).width + 6 * ratio;
    if (wide > width) continue;
    const left = Math.max(0, Math.min(box[0] * width, width - wide));
    // Above the box; inside where there is no room above.
    const over = box[1] * height - high;
    const top = Math.min(over < 0 ? Math.max(0, box[1] * height) : over, height - high);
    const place = { left: x + left, right: x + left + wide, top: y + top, bottom: y + top + high };
    if (written.some((other) => overlap(place, other))) continue;
    written.push(place);
    context.fillStyle = "rgba(0,0,0,.72)";
    context.fillRect(place.left, place.top, wide, high);
    context.fillStyle = "#fff";
    context.fillText(text, place.left + 3 * ratio, place.top + high / 2 + ratio / 2);
  }
}
