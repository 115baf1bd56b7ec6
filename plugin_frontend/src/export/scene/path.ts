/** Path data of SVG (absolute and relative M, L, H, V, C, Q, Z) and circles as segments. */
import type { Segment } from "./scene";

const TOKEN = /([a-zA-Z])|(-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/g;
const TAKES: Record<string, number> = { M: 2, L: 2, H: 1, V: 1, C: 6, Q: 4, Z: 0 };
/** Of a quarter of a circle of radius 1, as a cubic curve. */
const HANDLE = 0.5523;

export function parsePath(data: string): Segment[] {
  const segments: Segment[] = [];
  let command = "";
  let numbers: number[] = [];
  let [x, y, startX, startY] = [0, 0, 0, 0];

  const take = () => {
    const upper = command.toUpperCase();
    const relative = command !== upper;
    const [dx, dy] = relative ? [x, y] : [0, 0];
    const n = numbers;
    numbers = [];
    if (upper === "H") n.push(relative ? 0 : y);
    if (upper === "V") n.unshift(relative ? 0 : x);
    const points = n.map((value, i) => value + (i % 2 ? dy : dx));
    const [endX = x, endY = y] = points.slice(-2);
    if (upper === "Q") {
      const [cx = 0, cy = 0] = points;
      const third = (from: number, control: number) => from + (2 / 3) * (control - from);
      segments.push({
        kind: "curve",
        at: [third(x, cx), third(y, cy), third(endX, cx), third(endY, cy), endX, endY],
      });
    } else if (upper === "C") {
      segments.push({ kind: "curve", at: points as [number, number, number, number, number, number] });
    } else segments.push({ kind: upper === "M" ? "move" : "line", at: [endX, endY] });
    [x, y] = [endX, endY];
    if (upper === "M") {
      [startX, startY] = [x, y];
      // What follows the first point of a move are lines.
      command = relative ? "l" : "L";
    }
  };

  for (const [, letter, number] of data.matchAll(TOKEN)) {
    if (letter !== undefined) {
      if (!(letter.toUpperCase() in TAKES)) throw new Error(`unknown path command: ${letter}`);
      command = letter;
      if (letter.toUpperCase() === "Z") {
        segments.push({ kind: "close" });
        [x, y] = [startX, startY];
      }
      continue;
    }
    numbers.push(Number(number));
    if (numbers.length === TAKES[command.toUpperCase()]) take();
  }
  return segments;
}

export function ellipse(cx: number, cy: number, rx: number, ry: number): Segment[] {
  const [hx, hy] = [rx * HANDLE, ry * HANDLE];
  return [
    { kind: "move", at: [cx + rx, cy] },
    { kind: "curve", at: [cx + rx, cy + hy, cx + hx, cy + ry, cx, cy + ry] },
    { kind: "curve", at: [cx - hx, cy + ry, cx - rx, cy + hy, cx - rx, cy] },
    { kind: "curve", at: [cx - rx, cy - hy, cx - hx, cy - ry, cx, cy - ry] },
    { kind: "curve", at: [cx + hx, cy - ry, cx + rx, cy - hy, cx + rx, cy] },
    { kind: "close" },
  ];
}
