/**
 * What a part of the page shows, as a scene: backgrounds and borders, texts where they stand, the shapes of SVG, and what canvases
 * were painted with. So every view can be had as a picture, and none needs a drawing of its own for it.
 */
import type { Repaint } from "../../draw/surface";
import { colorOf, faded } from "./color";
import { gradientImage } from "./gradient";
import { record } from "./recorder";
import { contains, intersection, moved, rectangle, type Box, type Item } from "./scene";
import { shapesOf } from "./shapes";
import { textsOf } from "./texts";

/** What only works on the screen. Legends lie in the toolbars of views, and stay. */
const CONTROLS = "select, input, .tip, .unseen, .busy, [role=status], [data-aside]";

interface Place {
  clip: Box;
  opacity: number;
  /** Degrees, of the elements around. */
  angle: number;
}

function boxOf(element: Element, origin: DOMRect): Box {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x - origin.x, y: y - origin.y, width, height };
}

function isLeftOut(element: Element): boolean {
  if (element.matches(CONTROLS)) return true;
  const bar = element.parentElement?.closest(".toolbar");
  return bar !== null && bar !== undefined && element.closest(".legend") === null && !element.querySelector(".legend");
}

/** How each canvas was painted last. */
export type Repaints = WeakMap<HTMLCanvasElement, Repaint>;

export function sceneItems(root: Element, repaints: Repaints): Item[] {
  const origin = root.getBoundingClientRect();
  const items: Item[] = [];

  function add(found: Item[], place: Place): void {
    for (const item of found) {
      const clip = item.clip ? intersection(item.clip, place.clip) : place.clip;
      if (clip) items.push({ ...item, clip });
    }
  }

  function addBox(element: Element, style: CSSStyleDeclaration, place: Place): void {
    const box = boxOf(element, origin);
    const within = intersection(box, place.clip);
    if (!within) return;
    const flat = { stroke: null, lineWidth: 0, dash: [], clip: null };
    const fill = faded(colorOf(style.backgroundColor), place.opacity);
    if (fill) add([{ kind: "path", segments: rectangle(box), fill, ...flat }], place);
    const gradient = gradientImage(style.backgroundImage, box);
    if (gradient) add([{ ...gradient, clip: null }], place);
    // An outline marks what is chosen; the one of the focus is for the keyboard.
    const outline = style.outlineStyle === "none" ? null : faded(colorOf(style.outlineColor), place.opacity);
    const width = parseFloat(style.outlineWidth);
    if (outline && width > 0 && !element.matches(":focus-visible")) {
      const out = parseFloat(style.outlineOffset) + width / 2;
      const around = { x: box.x - out, y: box.y - out, width: box.width + 2 * out, height: box.height + 2 * out };
      add(
        [{ ...flat, kind: "path", segments: rectangle(around), fill: null, stroke: outline, lineWidth: width }],
        place,
      );
    }
    const sides = [
      [style.borderTopWidth, style.borderTopStyle, style.borderTopColor, "top"],
      [style.borderRightWidth, style.borderRightStyle, style.borderRightColor, "right"],
      [style.borderBottomWidth, style.borderBottomStyle, style.borderBottomColor, "bottom"],
      [style.borderLeftWidth, style.borderLeftStyle, style.borderLeftColor, "left"],
    ] as const;
    for (const [width, kind, color, side] of sides) {
      const thick = parseFloat(width);
      const line = kind === "none" ? null : faded(colorOf(color), place.opacity);
      if (!(thick > 0) || !line) continue;
      const across = side === "top" || side === "bottom";
      const edge = {
        x: side === "right" ? box.x + box.width - thick : box.x,
        y: side === "bottom" ? box.y + box.height - thick : box.y,
        width: across ? box.width : thick,
        height: across ? thick : box.height,
      };
      add([{ kind: "path", segments: rectangle(edge), fill: line, ...flat }], place);
    }
  }

  function addCanvas(canvas: HTMLCanvasElement, place: Place): void {
    const box = boxOf(canvas, origin);
    if (box.width < 1 || box.height < 1 || !intersection(box, place.clip)) return;
    const repaint = repaints.get(canvas);
    if (!repaint) {
      if (canvas.width && canvas.height) add([{ kind: "image", ...box, canvas, clip: null }], place);
      return;
    }
    const put = (x: number, y: number): [number, number] => [x + box.x, y + box.y];
    const drawn = record(repaint).map((item): Item => {
      if (item.kind === "path") return { ...item, segments: moved(item.segments, put), clip: box };
      const [x, y] = put(item.x, item.y);
      return { ...item, x, y, clip: box };
    });
    add(drawn, place);
  }

  function visit(element: Element, around: Place): void {
    if (isLeftOut(element)) return;
    const style = getComputedStyle(element);
    if (style.display === "none" || style.clipPath !== "none") return;
    const opacity = around.opacity * Number(style.opacity);
    if (opacity === 0) return;
    const { a, b } = style.transform === "none" ? { a: 1, b: 0 } : new DOMMatrix(style.transform);
    const angle = around.angle + (Math.atan2(b, a) * 180) / Math.PI;
    const place = { ...around, opacity, angle };
    const visible = style.visibility === "visible";
    if (visible && element instanceof HTMLElement) addBox(element, style, place);
    if (element instanceof HTMLCanvasElement) return visible ? addCanvas(element, place) : undefined;
    if (style.overflow !== "visible" && style.display !== "inline") {
      const own = intersection(boxOf(element, origin), place.clip);
      if (!own) return;
      place.clip = own;
    }
    if (element instanceof SVGSVGElement) return visible ? add(shapesOf(element, origin, opacity), place) : undefined;
    for (const child of element.childNodes) {
      if (child instanceof Element) visit(child, place);
      else if (child instanceof globalThis.Text && visible) {
        const texts = textsOf(child, style, origin, opacity, angle);
        add(
          texts.filter(({ box }) => intersection(box, place.clip)).map(({ item }) => item),
          place,
        );
      }
    }
  }

  visit(root, { clip: { x: 0, y: 0, width: origin.width, height: origin.height }, opacity: 1, angle: 0 });
  // A clip that cuts nothing is none: most items lie whole inside theirs.
  return items.map((item) => (item.clip && isInside(item, item.clip) ? { ...item, clip: null } : item));
}

function isInside(item: Item, clip: Box): boolean {
  if (item.kind === "image") return contains(clip, item);
  if (item.kind === "text") {
    if (item.angle !== 0) return false;
    return contains(clip, { x: item.x, y: item.y - item.size, width: item.width, height: 1.2 * item.size });
  }
  const points = item.segments.flatMap((segment) => (segment.kind === "close" ? [] : segment.at));
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  const half = item.stroke ? item.lineWidth / 2 : 0;
  const [x, y] = [Math.min(...xs) - half, Math.min(...ys) - half];
  return contains(clip, { x, y, width: Math.max(...xs) + half - x, height: Math.max(...ys) + half - y });
}
