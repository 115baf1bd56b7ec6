/** The shapes and texts of an `<svg>` on the page. */
import { colorOf, faded } from "./color";
import { ellipse, parsePath } from "./path";
import { moved, rectangle, type Item, type Segment } from "./scene";

const number = (element: Element, name: string) => Number(element.getAttribute(name) ?? 0);

function points(element: Element, closed: boolean): Segment[] {
  const numbers = (element.getAttribute("points") ?? "").split(/[\s,]+/).map(Number);
  const segments: Segment[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2)
    segments.push({ kind: i ? "line" : "move", at: [numbers[i]!, numbers[i + 1]!] });
  return closed ? [...segments, { kind: "close" }] : segments;
}

function geometry(element: SVGElement): Segment[] | null {
  switch (element.tagName) {
    case "path":
      return parsePath(element.getAttribute("d") ?? "");
    case "line":
      return [
        { kind: "move", at: [number(element, "x1"), number(element, "y1")] },
        { kind: "line", at: [number(element, "x2"), number(element, "y2")] },
      ];
    case "rect":
      return rectangle({
        x: number(element, "x"),
        y: number(element, "y"),
        width: number(element, "width"),
        height: number(element, "height"),
      });
    case "circle":
      return ellipse(number(element, "cx"), number(element, "cy"), number(element, "r"), number(element, "r"));
    case "ellipse":
      return ellipse(number(element, "cx"), number(element, "cy"), number(element, "rx"), number(element, "ry"));
    case "polyline":
    case "polygon":
      return points(element, element.tagName === "polygon");
    default:
      return null;
  }
}

/** In CSS pixels from `origin`. */
export function shapesOf(svg: SVGSVGElement, origin: DOMRect, around: number): Item[] {
  const items: Item[] = [];

  function visit(element: SVGElement, above: number): void {
    const style = getComputedStyle(element);
    const opacity = above * Number(style.opacity);
    if (style.display === "none" || opacity === 0 || ["defs", "title", "style"].includes(element.tagName)) return;
    const matrix = element instanceof SVGGraphicsElement ? element.getScreenCTM() : null;
    const segments = style.visibility === "visible" ? geometry(element) : null;
    if (segments?.length && matrix) {
      const place = (x: number, y: number): [number, number] => [
        matrix.a * x + matrix.c * y + matrix.e - origin.x,
        matrix.b * x + matrix.d * y + matrix.f - origin.y,
      ];
      const scale = style.vectorEffect === "non-scaling-stroke" ? 1 : Math.hypot(matrix.a, matrix.b);
      const dash = style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(/[\s,]+/).map(parseFloat);
      items.push({
        kind: "path",
        segments: moved(segments, place),
        fill: faded(colorOf(style.fill), opacity * Number(style.fillOpacity)),
        stroke: faded(colorOf(style.stroke), opacity * Number(style.strokeOpacity)),
        lineWidth: parseFloat(style.strokeWidth) * scale,
        dash: dash.map((part) => part * scale),
        clip: null,
      });
    }
    if (element instanceof SVGTextElement && matrix && element.getNumberOfChars() > 0) {
      const start = element.getStartPositionOfChar(0);
      const scale = Math.hypot(matrix.a, matrix.b);
      const color = faded(colorOf(style.fill), opacity);
      if (!color) return;
      items.push({
        kind: "text",
        text: element.textContent?.trim() ?? "",
        x: matrix.a * start.x + matrix.c * start.y + matrix.e - origin.x,
        y: matrix.b * start.x + matrix.d * start.y + matrix.f - origin.y,
        width: element.getComputedTextLength() * scale,
        direction: style.direction === "rtl" ? "rtl" : "ltr",
        size: parseFloat(style.fontSize) * scale,
        weight: Number(style.fontWeight),
        color,
        angle: (Math.atan2(matrix.b, matrix.a) * 180) / Math.PI,
        clip: null,
      });
      return;
    }
    for (const child of element.children) if (child instanceof SVGElement) visit(child, opacity);
  }

  for (const child of svg.children) if (child instanceof SVGElement) visit(child, around);
  return items;
}
