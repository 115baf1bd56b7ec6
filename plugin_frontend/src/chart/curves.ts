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

/** The `d` of an SVG path; points that are not finite are gaps. `xs` and `height` in CSS pixels. */
export function curvePath(values: number[], xs: number[], height: number, range: CurveRange, margin = 4): string {
  const rise = range.high - range.low;
  const y = (value: number) => {
    const share = rise ? Math.max(0, Math.min(1, (value - range.low) / rise)) : 0.5;
    return height - margin - share * (height - 2 * margin);
  };
  let path = "";
  let run = 0;
  values.forEach((value, i) => {
    if (Number.isFinite(value)) path += `${run++ ? "L" : "M"}${brief(xs[i] ?? 0)},${brief(y(value))}`;
    else run = endOfRun();
  });
  endOfRun();
  return path;

  /** A point on its own is closed: only so its round caps are drawn. */
  function endOfRun() {
    if (run === 1) path += "Z";
    return 0;
  }
}

const brief = (pixels: number) => Math.round(pixels * 1000) / 1000;

/** Two to five round numbers from 0 to the top, for the lines behind a curve. */
export function roundTicks(top: number): number[] {
  if (!(top > 0)) return [];
  const digit = 10 ** Math.floor(Math.log10(top / 2));
  const step = [5, 2, 1].map((times) => times * digit).find((step) => top / step >= 2) ?? digit;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
