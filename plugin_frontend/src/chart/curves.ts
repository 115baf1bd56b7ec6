/** Lines over the slots of the timeline. */

export interface CurveRange {
  low: number;
  high: number;
}

/**
 * The range of several curves. The first value is left out where there are others, because the model before training is
 * often so far off that it would flatten all the rest; it is drawn at the edge.
 */
export function rangeOf(curves: number[][], skipFirst: boolean): CurveRange {
  const values = curves
    .flatMap((curve) => (skipFirst && curve.length > 2 ? curve.slice(1) : curve))
    .filter(Number.isFinite);
  if (!values.length) return { low: 0, high: 1 };
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? { low: low - 0.5, high: high + 0.5 } : { low, high };
}

type ToY = (value: number) => number;

/** Values as distances in CSS pixels from the top; those beyond the range lie at its edge. */
function toY(height: number, range: CurveRange, margin: number): ToY {
  const rise = range.high - range.low;
  return (value) => {
    const share = rise ? Math.max(0, Math.min(1, (value - range.low) / rise)) : 0.5;
    return height - margin - share * (height - 2 * margin);
  };
}

const brief = (pixels: number) => Math.round(pixels * 1000) / 1000;
const pointsOf = (values: number[], xs: number[], y: ToY) =>
  values.map((value, i) => `${brief(xs[i] ?? 0)},${brief(y(value))}`);

/** Where values follow each other without a gap: from (with) and to (without). */
function runsOf(values: number[]): [number, number][] {
  const runs: [number, number][] = [];
  values.forEach((value, i) => {
    const last = runs.at(-1);
    if (!Number.isFinite(value)) return;
    if (last?.[1] === i) last[1] = i + 1;
    else runs.push([i, i + 1]);
  });
  return runs;
}

/** The `d` of an SVG path; points that are not finite are gaps. `xs` and `height` in CSS pixels. */
export function curvePath(values: number[], xs: number[], height: number, range: CurveRange, margin = 4): string {
  const points = pointsOf(values, xs, toY(height, range, margin));
  // A point on its own is closed: only so its round caps are drawn.
  return runsOf(values)
    .map(([from, to]) => `M${points.slice(from, to).join("L")}${to - from === 1 ? "Z" : ""}`)
    .join("");
}

/** The `d` of the area between two curves, with gaps where one of them has some. */
export function bandPath(lows: number[], highs: number[], xs: number[], height: number, range: CurveRange, margin = 4) {
  const y = toY(height, range, margin);
  const [below, above] = [pointsOf(lows, xs, y), pointsOf(highs, xs, y)];
  return runsOf(lows.map((low, i) => low + (highs[i] ?? NaN)))
    .map(([from, to]) => `M${[...above.slice(from, to), ...below.slice(from, to).reverse()].join("L")}Z`)
    .join("");
}

/** Two to five round numbers from 0 to the top, for the lines behind a curve. */
export function roundTicks(top: number): number[] {
  if (!(top > 0)) return [];
  const digit = 10 ** Math.floor(Math.log10(top / 2));
  const step = [5, 2, 1].map((times) => times * digit).find((step) => top / step >= 2) ?? digit;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
