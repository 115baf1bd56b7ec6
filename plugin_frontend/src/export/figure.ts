/** A picture of some parts of the page, one below the other, with a caption. */
import { colorOf } from "./scene/color";
import { sceneItems, type Repaints } from "./scene/fromPage";
import { moved, type Color, type Item, type Scene } from "./scene/scene";

const [MARGIN, LINE, SIZE] = [12, 18, 12];
const FONT = `${SIZE}px Roboto, Arial, sans-serif`;

function shifted(item: Item, dx: number, dy: number): Item {
  const clip = item.clip && { ...item.clip, x: item.clip.x + dx, y: item.clip.y + dy };
  if (item.kind !== "path") return { ...item, x: item.x + dx, y: item.y + dy, clip };
  return { ...item, segments: moved(item.segments, (x, y) => [x + dx, y + dy]), clip };
}

/** `text` in lines of at most `width` CSS pixels. */
function wrapped(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && measure(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** `caption`: paragraphs. `colors`: of the page and of its text, as CSS writes them. */
export function figure(
  parts: Element[],
  caption: string[],
  colors: { page: string; text: string },
  repaints: Repaints,
): Scene {
  const background: Color = colorOf(colors.page) ?? [255, 255, 255, 1];
  const ink: Color = colorOf(colors.text) ?? [0, 0, 0, 1];
  const items: Item[] = [];
  let [width, y] = [0, MARGIN];
  for (const part of parts) {
    const box = part.getBoundingClientRect();
    items.push(...sceneItems(part, repaints).map((item) => shifted(item, MARGIN, y)));
    y += box.height;
    width = Math.max(width, box.width);
  }
  const context = document.createElement("canvas").getContext("2d");
  if (context) context.font = FONT;
  const measure = (text: string) => context?.measureText(text).width ?? 6 * text.length;
  for (const text of caption.flatMap((line) => wrapped(line, width, measure))) {
    y += LINE;
    const words = { text, width: measure(text), size: SIZE, weight: 400, color: ink, angle: 0, clip: null };
    items.push({ kind: "text", x: MARGIN, y: y + 2, ...words });
  }
  return { width: width + 2 * MARGIN, height: y + MARGIN, background, items };
}
