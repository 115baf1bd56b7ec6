/** Precision, recall, F1 and support of each class, and their means: as scikit-learn's `classification_report`. */
import type { NumberArray } from "../api/npy";
import { countOf, sumsOf, type Confusion } from "./confusion";

export interface ClassScore {
  index: number;
  /** The share of the examples predicted as the class that belong to it; NaN where there are none. */
  precision: number;
  /** The share of the examples of the class that are predicted as it; NaN where there are none. */
  recall: number;
  /** The harmonic mean of the two; NaN where the class neither occurs nor is predicted. */
  f1: number;
  support: number;
}

/** Counts of a class against all others. */
export interface Outcomes {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

export function outcomesOfClasses(matrix: Confusion): Outcomes[] {
  const { rows, columns, total } = sumsOf(matrix);
  return Array.from(rows, (support, index) => {
    const truePositives = countOf(matrix, { truth: index, predicted: index });
    const [falsePositives, falseNegatives] = [columns[index]! - truePositives, support - truePositives];
    return {
      truePositives,
      falsePositives,
      falseNegatives,
      trueNegatives: total - truePositives - falsePositives - falseNegatives,
    };
  });
}

/** `labels`: as for `labelScores`. */
export function outcomesOfLabels(labels: NumberArray): Outcomes[] {
  return Array.from({ length: labels.length / 4 }, (_, index) => ({
    trueNegatives: labels[4 * index]!,
    falsePositives: labels[4 * index + 1]!,
    falseNegatives: labels[4 * index + 2]!,
    truePositives: labels[4 * index + 3]!,
  }));
}

export type Mean = "macro" | "weighted";

/** `right`: true positives; `support`: examples of the class; `called`: examples predicted as it. */
export function score(index: number, right: number, support: number, called: number): ClassScore {
  return { index, precision: right / called, recall: right / support, f1: (2 * right) / (support + called), support };
}

export function classScores(matrix: Confusion): ClassScore[] {
  const { rows, columns } = sumsOf(matrix);
  return Array.from(rows, (support, index) =>
    score(index, countOf(matrix, { truth: index, predicted: index }), support, columns[index]!),
  );
}

/** `labels`: (classes, 2, 2), of each class `[[true negatives, false positives], [false negatives, true positives]]`. */
export function labelScores(labels: NumberArray): ClassScore[] {
  return outcomesOfLabels(labels).map(({ truePositives, falsePositives, falseNegatives }, index) =>
    score(index, truePositives, truePositives + falseNegatives, truePositives + falsePositives),
  );
}

/** The mean over the classes that occur or are predicted, each alike or by its support; what is not defined counts as 0. */
export function meanScore(scores: ClassScore[], mean: Mean): ClassScore {
  const counted = scores.filter(({ f1 }) => !Number.isNaN(f1));
  const support = counted.reduce((sum, each) => sum + each.support, 0);
  const total = mean === "macro" ? counted.length : support;
  const of = (name: "precision" | "recall" | "f1") =>
    counted.reduce((sum, each) => sum + (each[name] || 0) * (mean === "macro" ? 1 : each.support), 0) / total;
  return { index: -1, precision: of("precision"), recall: of("recall"), f1: of("f1"), support };
}

export type ScoreColumn = "index" | "precision" | "recall" | "f1" | "support";

/** Sorted by a column; what is not defined comes last either way. */
export function sortScores(scores: ClassScore[], by: ScoreColumn, falling: boolean): ClassScore[] {
  const sign = falling ? -1 : 1;
  return [...scores].sort((a, b) => {
    const [x, y] = [a[by], b[by]];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return sign * (x - y) || a.index - b.index;
  });
}
