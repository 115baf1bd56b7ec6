/** Lines over the slots of the timeline. */
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";

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
  const y = scaleLinear([range.low, range.high], [height - margin, margin]).clamp(true);
  const draw = line<number>()
    .defined((value) => Number.isFinite(value))
    .x((_, i) => xs[i] ?? 0)
    .y((value) => y(value));
  return draw(values) ?? "";
}
