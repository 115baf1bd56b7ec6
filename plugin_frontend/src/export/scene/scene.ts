/** A drawing as a list of what it is made of, in CSS pixels, so that one drawing becomes an SVG, a PDF and a PNG. */
import type { Direction } from "../../model/direction";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Red, green and blue from 0 to 255, opacity from 0 to 1. */
export type Color = readonly [number, number, number, number];

/** Absolute: move and line take a point, curve two control points and a point. */
export type Segment =
  | { kind: "move" | "line"; at: [number, number] }
  | { kind: "curve"; at: [number, number, number, number, number, number] }
  | { kind: "close" };

export interface Shape {
  kind: "path";
  segments: Segment[];
  fill: Color | null;
  stroke: Color | null;
  lineWidth: number;
  dash: number[];
}

export interface Text {
  kind: "text";
  text: string;
  /** Where the baseline begins. */
  x: number;
  y: number;
  /** Of the whole text, along the baseline. */
  width: number;
  /** The base direction of the page where it stands, which the text alone does not say. */
  direction: Direction;
  size: number;
  weight: number;
  color: Color;
  /** Degrees, clockwise. */
  angle: number;
}

/** Pixels, finer than the screen's. */
export interface Image extends Box {
  kind: "image";
  canvas: HTMLCanvasElement;
}

export type Item = (Shape | Text | Image) & { clip: Box | null };

export interface Scene {
  width: number;
  height: number;
  background: Color;
  items: Item[];
}

export function rectangle({ x, y, width, height }: Box): Segment[] {
  return [
    { kind: "move", at: [x, y] },
    { kind: "line", at: [x + width, y] },
    { kind: "line", at: [x + width, y + height] },
    { kind: "line", at: [x, y + height] },
    { kind: "close" },
  ];
}

/** The part that two boxes share; null where there is none. */
export function intersection(a: Box, b: Box): Box | null {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

export function boundsOf(item: Item): Box {
  if (item.kind === "image") return item;
  if (item.kind === "text") {
    const [long, high] = [item.width, 1.2 * item.size];
    if (item.angle === 0) return { x: item.x, y: item.y - item.size, width: long, height: high };
    const [x, y] = item.angle < 0 ? [item.x - item.size, item.y - long] : [item.x - high + item.size, item.y];
    return { x, y, width: high, height: long };
  }
  const points = item.segments.flatMap((segment) => (segment.kind === "close" ? [] : segment.at));
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  const half = item.stroke ? item.lineWidth / 2 : 0;
  const [x, y] = [Math.min(...xs) - half, Math.min(...ys) - half];
  return { x, y, width: Math.max(...xs) + half - x, height: Math.max(...ys) + half - y };
}

export function shifted(item: Item, dx: number, dy: number): Item {
  const clip = item.clip && { ...item.clip, x: item.clip.x + dx, y: item.clip.y + dy };
  if (item.kind !== "path") return { ...item, x: item.x + dx, y: item.y + dy, clip };
  return { ...item, segments: moved(item.segments, (x, y) => [x + dx, y + dy]), clip };
}

export function contains(outer: Box, inner: Box): boolean {
  const slack = 0.5;
  return (
    inner.x >= outer.x - slack &&
    inner.y >= outer.y - slack &&
    inner.x + inner.width <= outer.x + outer.width + slack &&
    inner.y + inner.height <= outer.y + outer.height + slack
  );
}

export function moved(segments: Segment[], point: (x: number, y: number) => [number, number]): Segment[] {
  return segments.map((segment) => {
    if (segment.kind === "close") return segment;
    if (segment.kind !== "curve") return { kind: segment.kind, at: point(...segment.at) };
    const [a, b, c, d, e, f] = segment.at;
    return { kind: "curve", at: [...point(a, b), ...point(c, d), ...point(e, f)] };
  });
}
