/** The lines of a text on the page, each with where its baseline begins. */
import { colorOf, faded } from "./color";
import type { Box, Item } from "./scene";

interface Line {
  text: string;
  rect: DOMRect;
}

let context: CanvasRenderingContext2D | null = null;

/** Whether two letters stand on one line: along it, they overlap. */
function sameLine(a: DOMRect, b: DOMRect, upright: boolean): boolean {
  const [from, to] = upright ? [a.x, a.right] : [a.y, a.bottom];
  const middle = upright ? b.x + b.width / 2 : b.y + b.height / 2;
  return middle >= from && middle <= to;
}

function linesOf(node: Text, upright: boolean): Line[] {
  const range = document.createRange();
  // Without the spaces at both ends, which may be drawn or not.
  const start = node.data.length - node.data.trimStart().length;
  range.setStart(node, start);
  range.setEnd(node, node.data.trimEnd().length);
  const rects = range.getClientRects();
  if (rects.length === 0) return [];
  if (rects.length === 1) return [{ text: node.data.trim(), rect: rects[0]! }];
  const lines: Line[] = [];
  let at = start;
  for (const letter of node.data.trim()) {
    range.setStart(node, at);
    range.setEnd(node, (at += letter.length));
    const rect = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (rect.width === 0 && rect.height === 0) continue;
    if (last && sameLine(last.rect, rect, upright)) {
      last.text += letter;
      const [x, y] = [Math.min(last.rect.x, rect.x), Math.min(last.rect.y, rect.y)];
      const [right, bottom] = [Math.max(last.rect.right, rect.right), Math.max(last.rect.bottom, rect.bottom)];
      last.rect = new DOMRect(x, y, right - x, bottom - y);
    } else lines.push({ text: letter, rect });
  }
  return lines;
}

/** In CSS pixels from `origin`; `angle`: degrees by which the text is turned, of which quarters are known. */
export function textsOf(
  node: Text,
  style: CSSStyleDeclaration,
  origin: DOMRect,
  opacity: number,
  angle: number,
): { item: Item; box: Box }[] {
  const color = faded(colorOf(style.color), opacity);
  const size = parseFloat(style.fontSize);
  if (!color || !(size > 0) || !node.data.trim()) return [];
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return [];
  context.font = `${style.fontWeight} ${size}px ${style.fontFamily}`;
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = context.measureText("x");
  const upward = Math.abs(angle + 90) < 1;
  const downward = Math.abs(angle - 90) < 1;
  return linesOf(node, upward || downward).flatMap(({ text, rect }) => {
    const words = style.whiteSpace.startsWith("pre") ? text : text.replace(/\s+/g, " ").trim();
    if (!words.trim()) return [];
    const box = { x: rect.x - origin.x, y: rect.y - origin.y, width: rect.width, height: rect.height };
    // The box is as high as the font's ascent and descent, whatever the line's height.
    const across = upward || downward ? box.width : box.height;
    const above = (across - up - down) / 2 + up;
    const [x, y] = upward
      ? [box.x + above, box.y + box.height]
      : downward
        ? [box.x + box.width - above, box.y]
        : [box.x, box.y + above];
    const item: Item = {
      kind: "text",
      text: style.textTransform === "uppercase" ? words.toUpperCase() : words,
      x,
      y,
      width: upward || downward ? box.height : box.width,
      direction: style.direction === "rtl" ? "rtl" : "ltr",
      size,
      weight: Number(style.fontWeight),
      color,
      angle: upward ? -90 : downward ? 90 : 0,
      clip: null,
    };
    return [{ item, box }];
  });
}
