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
  let [low, high] = [Infinity, -Infinity];
  for (const curve of curves)
    for (let i = skipFirst && curve.length > 2 ? 1 : 0; i < curve.length; i++) {
      const value = curve[i]!;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  if (low > high) return { low: 0, high: 1 };
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

const valuesAt = (values: number[], indices: number[]) => indices.map((i) => values[i] ?? NaN);

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

/** Of points that share a pixel the first, the lowest, the highest and the last: with them the line covers the same pixels. */
function pointsToDraw(values: number[], xs: number[]): number[] {
  const width = (xs[values.length - 1] ?? 0) - (xs[0] ?? 0);
  if (values.length <= 4 * width || values.length < 4) return [...values.keys()];
  const points: number[] = [];
  for (let from = 0; from < values.length;) {
    const pixel = Math.floor(xs[from]!);
    let [to, lowest, highest] = [from, from, from];
    for (; to < values.length && Math.floor(xs[to]!) === pixel; to++) {
      if (!(values[to]! >= values[lowest]!)) lowest = Number.isFinite(values[to]) ? to : lowest;
      if (!(values[to]! <= values[highest]!)) highest = Number.isFinite(values[to]) ? to : highest;
    }
    points.push(...new Set([from, lowest, highest, to - 1].sort((a, b) => a - b)));
    from = to;
  }
  return points;
}

/** The `d` of an SVG path; points that are not finite are gaps. `xs` and `height` in CSS pixels. */
export function curvePath(values: number[], xs: number[], height: number, range: CurveRange, margin = 4): string {
  const drawn = pointsToDraw(values, xs);
  const shown = valuesAt(values, drawn);
  const points = pointsOf(shown, valuesAt(xs, drawn), toY(height, range, margin));
  // A point on its own is closed: only so its round caps are drawn.
  return runsOf(shown)
    .map(([from, to]) => `M${points.slice(from, to).join("L")}${to - from === 1 ? "Z" : ""}`)
    .join("");
}

/** The `d` of the area between two curves, with gaps where one of them has some. */
export function bandPath(lows: number[], highs: number[], xs: number[], height: number, range: CurveRange, margin = 4) {
  const y = toY(height, range, margin);
  const drawn = [...new Set([...pointsToDraw(lows, xs), ...pointsToDraw(highs, xs)])].sort((a, b) => a - b);
  const [low, high, at] = [lows, highs, xs].map((all) => valuesAt(all, drawn)) as [number[], number[], number[]];
  const [below, above] = [pointsOf(low, at, y), pointsOf(high, at, y)];
  return runsOf(low.map((value, i) => value + (high[i] ?? NaN)))
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
