/** What another threshold would give: curves and counts from a histogram of the scores. */
import type { NumberArray } from "../api/npy";

export interface ScoreHistogram {
  bins: number;
  /** How many of the truth no, and of the truth yes, have their score in each of `bins` equal parts of 0 to 1. */
  no: NumberArray;
  yes: NumberArray;
}

/** `data`: (1 or classes, 2, bins), row by row; `index`: which of the first axis. */
export function histogramOf(shape: number[], data: NumberArray, index: number): ScoreHistogram {
  const bins = shape[2] ?? 0;
  const from = 2 * bins * Math.min(index, (shape[0] ?? 1) - 1);
  return { bins, no: data.subarray(from, from + bins), yes: data.subarray(from + bins, from + 2 * bins) };
}

export interface AtThreshold {
  /** The probability at or above which the prediction is positive. */
  threshold: number;
  falsePositives: number;
  truePositives: number;
  trueNegatives: number;
  falseNegatives: number;
}

/** Counts at every threshold k / bins, k from `bins` (all no) down to 0 (all yes). */
export function thresholds({ bins, no, yes }: ScoreHistogram): AtThreshold[] {
  const sum = (values: NumberArray) => Array.from(values).reduce((a, b) => a + b, 0);
  const [allNo, allYes] = [sum(no), sum(yes)];
  let [falsePositives, truePositives] = [0, 0];
  const points: AtThreshold[] = [];
  for (let k = bins; k >= 0; k--) {
    if (k < bins) {
      falsePositives += no[k]!;
      truePositives += yes[k]!;
    }
    points.push({
      threshold: k / bins,
      falsePositives,
      truePositives,
      trueNegatives: allNo - falsePositives,
      falseNegatives: allYes - truePositives,
    });
  }
  return points;
}

export const falsePositiveRate = (at: AtThreshold): number =>
  at.falsePositives / (at.falsePositives + at.trueNegatives);
export const recallAt = (at: AtThreshold): number => at.truePositives / (at.truePositives + at.falseNegatives);
/** 1 where nothing is predicted positive: as scikit-learn's curve ends. */
export const precisionAt = (at: AtThreshold): number =>
  at.truePositives + at.falsePositives > 0 ? at.truePositives / (at.truePositives + at.falsePositives) : 1;

/** The area under the ROC curve, by trapezoids; NaN where a class is missing. */
export function areaUnderRoc(points: AtThreshold[]): number {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!];
    area += ((falsePositiveRate(b) - falsePositiveRate(a)) * (recallAt(a) + recallAt(b))) / 2;
  }
  return area;
}

/** Precision at each threshold, weighted by the recall that it adds; NaN where there is no yes. */
export function averagePrecision(points: AtThreshold[]): number {
  let sum = 0;
  for (let i = 1; i < points.length; i++) {
    sum += (recallAt(points[i]!) - recallAt(points[i - 1]!)) * precisionAt(points[i]!);
  }
  return sum;
}

/** The point at the threshold nearest to a probability. */
export function atThreshold(points: AtThreshold[], threshold: number): AtThreshold | null {
  const bins = points.length - 1;
  return points[bins - Math.max(0, Math.min(bins, Math.round(threshold * bins)))] ?? null;
}

/** The threshold with the largest F1. */
export function bestThreshold(points: AtThreshold[]): AtThreshold | null {
  const f1 = (at: AtThreshold) =>
    (2 * at.truePositives) / (2 * at.truePositives + at.falsePositives + at.falseNegatives) || 0;
  return points.reduce<AtThreshold | null>((best, at) => (!best || f1(at) > f1(best) ? at : best), null);
}
