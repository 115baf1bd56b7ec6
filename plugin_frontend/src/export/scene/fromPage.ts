/**
 * What a part of the page shows, as a scene: backgrounds and borders, texts where they stand, the shapes of SVG, and what canvases
 * were painted with. So every view can be saved as a picture, and no view needs separate code for it.
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

interface Surroundings {
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

  function add(found: Item[], around: Surroundings): void {
    for (const item of found) {
      const clip = item.clip ? intersection(item.clip, around.clip) : around.clip;
      if (clip) items.push({ ...item, clip });
    }
  }

  function addBox(element: Element, style: CSSStyleDeclaration, around: Surroundings): void {
    const box = boxOf(element, origin);
    const within = intersection(box, around.clip);
    if (!within) return;
    const flat = { stroke: null, lineWidth: 0, dash: [], clip: null };
    const fill = faded(colorOf(style.backgroundColor), around.opacity);
    if (fill) add([{ kind: "path", segments: rectangle(box), fill, ...flat }], around);
    const gradient = gradientImage(style.backgroundImage, box);
    if (gradient) add([{ ...gradient, clip: null }], around);
    // An outline marks what is chosen; the one of the focus is for the keyboard.
    const outline = style.outlineStyle === "none" ? null : faded(colorOf(style.outlineColor), around.opacity);
    const width = parseFloat(style.outlineWidth);
    if (outline && width > 0 && !element.matches(":focus-visible")) {
      const out = parseFloat(style.outlineOffset) + width / 2;
      const edge = { x: box.x - out, y: box.y - out, width: box.width + 2 * out, height: box.height + 2 * out };
      add(
        [{ ...flat, kind: "path", segments: rectangle(edge), fill: null, stroke: outline, lineWidth: width }],
        around,
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
      const line = kind === "none" ? null : faded(colorOf(color), around.opacity);
      if (!(thick > 0) || !line) continue;
      const across = side === "top" || side === "bottom";
      const edge = {
        x: side === "right" ? box.x + box.width - thick : box.x,
        y: side === "bottom" ? box.y + box.height - thick : box.y,
        width: across ? box.width : thick,
        height: across ? thick : box.height,
      };
      add([{ kind: "path", segments: rectangle(edge), fill: line, ...flat }], around);
    }
  }

  function addCanvas(canvas: HTMLCanvasElement, around: Surroundings): void {
    const box = boxOf(canvas, origin);
    if (box.width < 1 || box.height < 1 || !intersection(box, around.clip)) return;
    const repaint = repaints.get(canvas);
    if (!repaint) {
      if (canvas.width && canvas.height) add([{ kind: "image", ...box, canvas, clip: null }], around);
      return;
    }
    const put = (x: number, y: number): [number, number] => [x + box.x, y + box.y];
    const drawn = record(repaint).map((item): Item => {
      if (item.kind === "path") return { ...item, segments: moved(item.segments, put), clip: box };
      const [x, y] = put(item.x, item.y);
      return { ...item, x, y, clip: box };
    });
    add(drawn, around);
  }

  function visit(element: Element, outer: Surroundings): void {
    if (isLeftOut(element)) return;
    const style = getComputedStyle(element);
    if (style.display === "none" || style.clipPath !== "none") return;
    const opacity = outer.opacity * Number(style.opacity);
    if (opacity === 0) return;
    const { a, b } = style.transform === "none" ? { a: 1, b: 0 } : new DOMMatrix(style.transform);
    const angle = outer.angle + (Math.atan2(b, a) * 180) / Math.PI;
    const around = { ...outer, opacity, angle };
    const visible = style.visibility === "visible";
    if (visible && element instanceof HTMLElement) addBox(element, style, around);
    if (element instanceof HTMLCanvasElement) return visible ? addCanvas(element, around) : undefined;
    if (style.overflow !== "visible" && style.display !== "inline") {
      const own = intersection(boxOf(element, origin), around.clip);
      if (!own) return;
      around.clip = own;
    }
    if (element instanceof SVGSVGElement) return visible ? add(shapesOf(element, origin, opacity), around) : undefined;
    for (const child of element.childNodes) {
      if (child instanceof Element) visit(child, around);
      else if (child instanceof globalThis.Text && visible) {
        const texts = textsOf(child, style, origin, opacity, angle);
        add(
          texts.filter(({ box }) => intersection(box, around.clip)).map(({ item }) => item),
          around,
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
