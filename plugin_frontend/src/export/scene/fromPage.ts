/**
 * What a part of the page shows, as a scene: backgrounds and borders, texts where they stand, the shapes of SVG, and what canvases
 * were painted with. So every view can be saved as a picture, and no view needs separate code for it. What scrolls is shown whole.
 */
import type { Repaint } from "../../draw/surface";
import { colorOf, faded } from "./color";
import { gradientImage } from "./gradient";
import { record } from "./recorder";
import { madeRoom, Panel, scrolls, type Found } from "./panels";
import { boundsOf, contains, intersection, moved, rectangle, type Box, type Item } from "./scene";
import { shapesOf } from "./shapes";
import { textsOf } from "./texts";

/** What only works on the screen, or stands elsewhere in a figure. */
const LEFT_OUT = [
  "select, label:has(select), input, textarea, details, aside, .toolbar, .segments, .name:has(+ .segments)",
  ".tip, .unseen, .busy, p[aria-live], [role=status], [role=alert], [data-aside]",
].join();

interface Surroundings {
  /** Of the page, which the picture's own lies in: less what is scrolled away. */
  origin: DOMRect;
  clip: Box;
  /** The panels that scroll, around it. */
  panels: Panel[];
  opacity: number;
  /** Degrees, of the elements around. */
  angle: number;
}

const EVERYWHERE: Box = { x: -1e6, y: -1e6, width: 2e6, height: 2e6 };

function boxOf(element: Element, origin: DOMRect): Box {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x - origin.x, y: y - origin.y, width, height };
}

/** How each canvas was painted last. */
export type Repaints = WeakMap<HTMLCanvasElement, Repaint>;

export function sceneItems(root: Element, repaints: Repaints): Item[] {
  const found: Found[] = [];
  const panels = new Map(
    [root, ...root.querySelectorAll("*")].filter(scrolls).map((element) => [element, new Panel(element)] as const),
  );
  /** A background behind a panel is as large as the screen, not as what the panel holds. */
  const behind = new Set<Element>();
  for (const [panel, { grows }] of panels)
    for (let around = panel.parentElement; grows && around; around = around.parentElement) behind.add(around);

  function add(items: Item[], around: Surroundings): void {
    for (const item of items) {
      const clip = item.clip ? intersection(item.clip, around.clip) : around.clip;
      if (clip) found.push({ item: { ...item, clip }, panels: around.panels });
    }
  }

  function addBox(element: Element, style: CSSStyleDeclaration, around: Surroundings): void {
    const box = { ...boxOf(element, around.origin), ...panels.get(element)?.size };
    if (element === root || behind.has(element) || !intersection(box, around.clip)) return;
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
    const box = boxOf(canvas, around.origin);
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
    if (element.matches(LEFT_OUT)) return;
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
    const panel = panels.get(element);
    if (panel) {
      panel.box = boxOf(element, around.origin);
      around.clip = { ...panel.box, ...panel.size };
      around.panels = [...around.panels, panel];
      const { x, y, width, height } = around.origin;
      around.origin = new DOMRect(x - element.scrollLeft, y - element.scrollTop, width, height);
    } else if (style.overflow !== "visible" && style.display !== "inline" && !behind.has(element)) {
      const own = intersection(boxOf(element, around.origin), around.clip);
      if (!own) return;
      around.clip = own;
    }
    if (element instanceof SVGSVGElement)
      return visible ? add(shapesOf(element, around.origin, opacity), around) : undefined;
    for (const child of element.childNodes) {
      if (child instanceof Element) visit(child, around);
      else if (child instanceof globalThis.Text && visible) {
        const texts = textsOf(child, style, around.origin, opacity, angle);
        add(
          texts.filter(({ box }) => intersection(box, around.clip)).map(({ item }) => item),
          around,
        );
      }
    }
  }

  visit(root, { origin: root.getBoundingClientRect(), clip: EVERYWHERE, panels: [], opacity: 1, angle: 0 });
  // A clip that cuts nothing is none: most items lie whole inside theirs.
  return madeRoom(found, [...panels.values()]).map((item) =>
    item.clip && (item.kind !== "text" || item.angle === 0) && contains(item.clip, boundsOf(item))
      ? { ...item, clip: null }
      : item,
  );
}
