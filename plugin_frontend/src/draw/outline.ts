/** Outlines on top of data: of a rectangle, or of what a position is drawn as. */
import type { Positions } from "../model/positions";
import { circle } from "./graph";
import { rectOf } from "./patches";
import type { Crop } from "./tinted";

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

/** An outline of the cell, the box or the node of a position; none where it has none. */
export function outlinePosition(
  context: CanvasRenderingContext2D,
  [picture, positions, position]: [HTMLCanvasElement, Positions, number],
  color: string,
  halo: string,
  thickness: number,
): void {
  const rect = rectOf(picture, positions, position, context.canvas.width);
  if (!rect) return;
  if (!positions.graph) return outline(context, rect, color, halo, thickness);
  for (const [style, width] of [
    [halo, thickness * 2],
    [color, thickness],
  ] as const) {
    [context.strokeStyle, context.lineWidth] = [style, width];
    circle(context, rect);
    context.stroke();
  }
}
