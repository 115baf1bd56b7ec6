/** A figure for a paper or an issue: a title, the legends with their names, the picture of a view, and its sentence as the caption. */
import { widthIn } from "../draw/textWidth";
import { colorOf } from "./scene/color";
import { sceneItems, type Repaints } from "./scene/fromPage";
import { boundsOf, intersection, shifted, type Color, type Item, type Scene } from "./scene/scene";

const [MARGIN, GAP, LINE, SIZE] = [12, 10, 18, 12];
/** A caption is not narrower than this, however small the picture is. */
const NARROWEST = 420;

export interface Figure {
  /** The frame of the view; and the timeline above it, if that is wanted. */
  view: Element;
  timeline: Element | null;
  title: string;
  /** Of the page and of its text, as CSS writes them. */
  colors: { page: string; text: string };
  repaints: Repaints;
}

const measured = (text: string, weight: number) => widthIn(`${weight} ${SIZE}px Roboto, Arial, sans-serif`, text);

/** `text` in lines of at most `width` CSS pixels. */
function wrapped(text: string, width: number, weight: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && measured(longer, weight) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

interface Part {
  items: Item[];
  x: number;
  width: number;
  height: number;
}

/** What an element shows, from 0 downwards; what is clipped away counts for nothing. */
function partOf(element: Element, repaints: Repaints): Part[] {
  const items = sceneItems(element, repaints);
  const boxes = items.flatMap((item) => {
    const box = boundsOf(item);
    return (item.clip ? intersection(box, item.clip) : box) ?? [];
  });
  if (!boxes.length) return [];
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const width = Math.max(...boxes.map((box) => box.x + box.width)) - x;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) - y;
  return [{ items: items.map((item) => shifted(item, 0, -y)), x, width, height }];
}

export function figure({ view, timeline, title, colors, repaints }: Figure): Scene {
  const background: Color = colorOf(colors.page) ?? [255, 255, 255, 1];
  const ink: Color = colorOf(colors.text) ?? [0, 0, 0, 1];
  const parts = [timeline, view].flatMap((part) => (part ? partOf(part, repaints) : []));
  // One stands below the other as on the screen: what has time as its axis shares it.
  const left = Math.min(...parts.map((part) => part.x));
  const width = Math.max(NARROWEST, ...parts.map((part) => part.x - left + part.width));
  const items: Item[] = [];
  let y = MARGIN;

  function write(text: string, weight: number, x = MARGIN, within = width): void {
    for (const line of wrapped(text, within, weight)) {
      const words = { text: line, width: measured(line, weight), size: SIZE, weight, color: ink };
      const place = { x, y: y + SIZE + 1, direction: "ltr" as const, angle: 0, clip: null };
      items.push({ kind: "text", ...words, ...place });
      y += LINE;
    }
  }

  write(title, 500);
  for (const legend of view.querySelectorAll<HTMLElement>(".toolbar .legend")) {
    const bar = legend.querySelector(".bar");
    // One scale is of the film alone, which the timeline holds.
    if (legend.title.startsWith("film") && !timeline) continue;
    const [drawn] = bar ? partOf(bar, repaints) : [];
    if (!drawn) continue;
    items.push(...drawn.items.map((item) => shifted(item, MARGIN - drawn.x, y + GAP / 2)));
    const [top, beside] = [y, MARGIN + drawn.width + 2 * GAP];
    write(legend.title, 400, beside, width - beside + MARGIN);
    y = Math.max(y, top + drawn.height + GAP);
  }
  for (const part of parts) {
    items.push(...part.items.map((item) => shifted(item, MARGIN - left, y + GAP / 2)));
    y += part.height + GAP;
  }
  const caption = view.querySelector("p[aria-live]")?.textContent.trim();
  if (caption) write(caption, 400);
  return { width: width + 2 * MARGIN, height: y + MARGIN, background, items };
}
