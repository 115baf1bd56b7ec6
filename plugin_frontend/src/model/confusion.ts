/** A confusion matrix: rows are the truth, columns the prediction. */
import type { NumberArray } from "../api/npy";
import { plainPositions, type Positions } from "./positions";

/** `classes`: one class an example; `binary`: the same, from one score; `labels`: each class a separate yes or no. */
export type ConfusionKind = "classes" | "binary" | "labels";

export interface Confusion {
  classes: number;
  /** Counts (or sums of sample weights), row by row. Of `labels`: examples that have the row's label and are said to have the column's. */
  counts: NumberArray;
  weighted: boolean;
}

export interface Cell {
  truth: number;
  predicted: number;
}

export interface Sums {
  rows: Float64Array;
  columns: Float64Array;
  right: number;
  total: number;
}

export const sameCell = (a: Cell | null, b: Cell | null): boolean =>
  a !== null && b !== null && a.truth === b.truth && a.predicted === b.predicted;

export function countOf(matrix: Confusion, { truth, predicted }: Cell): number {
  return matrix.counts[truth * matrix.classes + predicted] ?? 0;
}

const known = new WeakMap<NumberArray, Sums>();

/** Sums of rows, columns, the diagonal and all, counted once for each array. */
export function sumsOf({ classes, counts }: Confusion): Sums {
  let sums = known.get(counts);
  if (sums) return sums;
  const [rows, columns] = [new Float64Array(classes), new Float64Array(classes)];
  sums = { rows, columns, right: 0, total: 0 };
  for (let truth = 0, i = 0; truth < classes; truth++) {
    for (let predicted = 0; predicted < classes; predicted++, i++) {
      const count = counts[i]!;
      rows[truth]! += count;
      columns[predicted]! += count;
      if (truth === predicted) sums.right += count;
    }
    sums.total += rows[truth]!;
  }
  known.set(counts, sums);
  return sums;
}

export function rowSum(matrix: Confusion, truth: number): number {
  return sumsOf(matrix).rows[truth] ?? 0;
}

export function columnSum(matrix: Confusion, predicted: number): number {
  return sumsOf(matrix).columns[predicted] ?? 0;
}

export function accuracy(matrix: Confusion): number {
  const { right, total } = sumsOf(matrix);
  return right / total;
}

/** The most frequent cell off the diagonal, the first of equals; null where nothing is confused. */
export function worstCell({ classes, counts }: Confusion): Cell | null {
  let worst: Cell | null = null;
  let most = 0;
  for (let truth = 0, i = 0; truth < classes; truth++) {
    for (let predicted = 0; predicted < classes; predicted++, i++) {
      if (counts[i]! > most && truth !== predicted) [worst, most] = [{ truth, predicted }, counts[i]!];
    }
  }
  return worst;
}

/** The classes as the positions of an axis, so that matrices of classes get their labels as maps do. */
export function classPositions(names: string[] | null, classes: number): Positions {
  return plainPositions(classes, (index) => names?.[index] ?? String(index));
}
