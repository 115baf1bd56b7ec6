/** A background that goes from colour to colour, from left to right, as pixels: that is how legends are drawn in CSS. */
import { colorOf } from "./color";
import type { Box, Image } from "./scene";

const FINER = 2;

/** null for other backgrounds. `text`: the computed `background-image`. */
export function gradientImage(text: string, box: Box): Image | null {
  const inside = /^linear-gradient\((?:to right|90deg), (.*)\)$/.exec(text)?.[1];
  if (!inside || box.width < 1) return null;
  const stops = inside.split(/,\s*(?![^(]*\))/);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(FINER * box.width), Math.max(1, Math.round(FINER * box.height))];
  const context = canvas.getContext("2d");
  if (!context) return null;
  const gradient = context.createLinearGradient(0, 0, canvas.width, 0);
  stops.forEach((stop, i) => {
    const [, color = stop, share] = /^(.*?)(?:\s+([\d.]+)%)?$/.exec(stop.trim()) ?? [];
    const [r, g, b, a] = colorOf(color) ?? [0, 0, 0, 0];
    const at = share === undefined ? i / Math.max(1, stops.length - 1) : Number(share) / 100;
    gradient.addColorStop(Math.min(1, at), `rgba(${r},${g},${b},${a})`);
  });
  context.fillStyle = gradient;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return { kind: "image", ...box, canvas };
}
