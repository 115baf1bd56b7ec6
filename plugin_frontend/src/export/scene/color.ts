/** CSS colours as numbers: the browser itself reads them, however they are written. */
import type { Color } from "./scene";

const known = new Map<string, Color | null>();
let context: CanvasRenderingContext2D | null = null;

/** null for what draws nothing. */
export function colorOf(text: string): Color | null {
  const found = known.get(text);
  if (found !== undefined) return found;
  context ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!context || text === "none" || text === "transparent") return null;
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = "rgba(0,0,0,0)";
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 0] = context.getImageData(0, 0, 1, 1).data;
  const color: Color | null = a === 0 ? null : [r, g, b, a / 255];
  known.set(text, color);
  return color;
}

export function faded(color: Color | null, opacity: number): Color | null {
  return color && opacity > 0 ? [color[0], color[1], color[2], color[3] * opacity] : null;
}

export function hex([r, g, b]: Color): string {
  return `#${[r, g, b].map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}
