/** Which classes are taken for each other most, and what changed most between two matrices. */
import type { Cell, Confusion } from "./confusion";

/** Two classes that are taken for each other; the more frequent way is `cell`. */
export interface ConfusedPair {
  cell: Cell;
  mirror: Cell;
  count: number;
  back: number;
}

/** Pairs with either of their cells not 0, by the sum of both, the largest first. */
export function confusedPairs(matrix: Confusion, most: number): ConfusedPair[] {
  const { classes, counts } = matrix;
  const pairs: ConfusedPair[] = [];
  for (let a = 0; a < classes; a++) {
    for (let b = a + 1; b < classes; b++) {
      const [there, back] = [counts[a * classes + b]!, counts[b * classes + a]!];
      if (!(there + back > 0)) continue;
      const [one, other] = [
        { truth: a, predicted: b },
        { truth: b, predicted: a },
      ];
      pairs.push(
        there >= back
          ? { cell: one, mirror: other, count: there, back }
          : { cell: other, mirror: one, count: back, back: there },
      );
    }
  }
  return pairs.sort((a, b) => b.count + b.back - a.count - a.back).slice(0, most);
}

export interface CellChange {
  cell: Cell;
  /** In the unit of `values`. */
  by: number;
}

/** The cells off the diagonal whose value changed most, by amount. `values`: B - A, row by row. */
export function mostChanged(values: ArrayLike<number>, classes: number, most: number): CellChange[] {
  const changes: CellChange[] = [];
  for (let truth = 0, i = 0; truth < classes; truth++) {
    for (let predicted = 0; predicted < classes; predicted++, i++) {
      const by = values[i]!;
      if (truth !== predicted && Math.abs(by) > 0) changes.push({ cell: { truth, predicted }, by });
    }
  }
  return changes.sort((a, b) => Math.abs(b.by) - Math.abs(a.by)).slice(0, most);
}

/** For labels: the 2 x 2 of one class, row by row: `[true negatives, false positives, false negatives, true positives]`. */
export function labelCounts(labels: ArrayLike<number>, index: number): [number, number, number, number] {
  return [0, 1, 2, 3].map((i) => labels[4 * index + i] ?? 0) as [number, number, number, number];
}

export const mirrorOf = ({ truth, predicted }: Cell): Cell => ({ truth: predicted, predicted: truth });

/** What a class is taken for most, the most frequent first. */
export function takenFor({ classes, counts }: Confusion, truth: number, most: number): { cell: Cell; count: number }[] {
  const found: { cell: Cell; count: number }[] = [];
  for (let predicted = 0; predicted < classes; predicted++) {
    const count = counts[truth * classes + predicted]!;
    if (predicted !== truth && count > 0) found.push({ cell: { truth, predicted }, count });
  }
  return found.sort((a, b) => b.count - a.count).slice(0, most);
}
