/** The measures of heads over the steps: an array (steps, heads, measures). */
import type { NpyArray } from "../api/npy";

export interface Measures {
  array: NpyArray;
  names: string[];
  /** Steps at which nothing was measured. */
  absent?: ReadonlySet<number>;
}

export function measureAt(measures: Measures | null, step: number, head: number, name: string): number {
  if (!measures || step < 0) return NaN;
  const [steps = 0, heads = 0, count = 0] = measures.array.shape;
  const index = measures.names.indexOf(name);
  if (index < 0 || step >= steps || head >= heads) return NaN;
  return measures.array.data[(step * heads + head) * count + index] ?? NaN;
}

/** Whether the log has the measures of a step, and they have come. */
export function isMeasured(measures: Measures | null, step: number): measures is Measures {
  return measures !== null && step >= 0 && step < (measures.array.shape[0] ?? 0) && !measures.absent?.has(step);
}

/** Whether a head was measured at a step and no measure is a number: its weights have diverged. */
export function hasDiverged(measures: Measures | null, step: number, head: number): boolean {
  if (!isMeasured(measures, step)) return false;
  return measures.names.every((name) => Number.isNaN(measureAt(measures, step, head, name)));
}

export function overSteps(measures: Measures | null, head: number, name: string): number[] {
  const steps = measures?.array.shape[0] ?? 0;
  return Array.from({ length: steps }, (_, step) => measureAt(measures, step, head, name));
}

/** The largest value of a measure over all steps and the heads from `from` to `to`; NaN if there is none. */
export function largestOf(measures: Measures | null, name: string, from = 0, to = Infinity): number {
  let largest = NaN;
  if (!measures) return largest;
  const [steps = 0, heads = 0] = measures.array.shape;
  for (let step = 0; step < steps; step++) {
    for (let head = from; head < Math.min(to, heads); head++) {
      const value = measureAt(measures, step, head, name);
      if (!(largest >= value) && value === value) largest = value;
    }
  }
  return largest;
}

export const MEASURE_TITLES: Record<string, string> = {
  entropy: "entropy (bits)",
  largest: "largest weight (mean)",
  distance: "mean distance",
  first: "on the first key",
  self: "on itself",
  previous: "on the previous",
};
