/** Draws lines from a column of queries to a column of keys. */
import type { Surface } from "./surface";

export interface DrawnLink {
  /** Device pixels from the top. */
  from: number;
  to: number;
  weight: number;
  color: string;
  /** 0 to 1. */
  opacity: number;
}

const THICKEST = 7;
const THINNEST = 0.75;

/** `top`: the weight of the thickest line. Drawn in the order given: what should lie on top comes last. */
export function drawLinks({ context, width, height, ratio }: Surface, links: DrawnLink[], top: number): void {
  context.clearRect(0, 0, width, height);
  context.lineCap = "butt";
  for (const link of links) {
    context.globalAlpha = link.opacity;
    context.strokeStyle = link.color;
    context.lineWidth = ratio * Math.max(THINNEST, THICKEST * Math.min(1, link.weight / top));
    context.beginPath();
    context.moveTo(0, link.from);
    context.bezierCurveTo(width * 0.45, link.from, width * 0.55, link.to, width, link.to);
    context.stroke();
  }
  context.globalAlpha = 1;
}
