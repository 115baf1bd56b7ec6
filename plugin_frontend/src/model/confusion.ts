/** What can be read from a confusion matrix: rows are the truth, columns the prediction. */
import type { NumberArray } from "../api/npy";
import type { AttentionMap } from "./maps";
import type { Positions } from "./positions";
import { chosen, plain, quiet, strong, type Part } from "./sentence";

export interface Confusion {
  classes: number;
  /** Counts (or sums of sample weights), row by row. */
  counts: NumberArray;
  weighted: boolean;
}

export interface Cell {
  truth: number;
  predicted: number;
}

export function countOf(matrix: Confusion, { truth, predicted }: Cell): number {
  return matrix.counts[truth * matrix.classes + predicted] ?? 0;
}

const every = (classes: number) => Array.from({ length: classes }, (_, i) => i);

export function rowSum(matrix: Confusion, truth: number): number {
  return every(matrix.classes).reduce((sum, predicted) => sum + countOf(matrix, { truth, predicted }), 0);
}

export function columnSum(matrix: Confusion, predicted: number): number {
  return every(matrix.classes).reduce((sum, truth) => sum + countOf(matrix, { truth, predicted }), 0);
}

/** The share of a row that gets the last colour: the same at every step, so that playing does not change the scale. */
export const FULL_SHARE = 0.2;

/** The share of each row, as a map; the diagonal is 0, because what is right is not what one looks for here. */
export function confusionMap(matrix: Confusion): AttentionMap {
  const { classes } = matrix;
  const weights = new Float32Array(classes * classes);
  for (const truth of every(classes)) {
    const sum = rowSum(matrix, truth);
    for (const predicted of every(classes)) {
      if (truth !== predicted && sum > 0)
        weights[truth * classes + predicted] = countOf(matrix, { truth, predicted }) / sum;
    }
  }
  return { rows: classes, columns: classes, weights };
}

/** The cells off the diagonal that are not 0, the most frequent first. */
export function mostConfused(matrix: Confusion, count: number): Cell[] {
  const cells: Cell[] = [];
  for (const truth of every(matrix.classes)) {
    for (const predicted of every(matrix.classes)) {
      if (truth !== predicted && countOf(matrix, { truth, predicted }) > 0) cells.push({ truth, predicted });
    }
  }
  return cells.sort((a, b) => countOf(matrix, b) - countOf(matrix, a)).slice(0, count);
}

export interface ClassScore {
  index: number;
  /** Of those called so, how many are; NaN where none was. */
  precision: number;
  /** Of those that are, how many were called so; NaN where there are none. */
  recall: number;
}

export function classScores(matrix: Confusion): ClassScore[] {
  return every(matrix.classes).map((index) => {
    const right = countOf(matrix, { truth: index, predicted: index });
    return { index, precision: right / columnSum(matrix, index), recall: right / rowSum(matrix, index) };
  });
}

export function accuracy(matrix: Confusion): number {
  const right = every(matrix.classes).reduce((sum, i) => sum + countOf(matrix, { truth: i, predicted: i }), 0);
  const all = every(matrix.classes).reduce((sum, i) => sum + rowSum(matrix, i), 0);
  return right / all;
}

export function amountText(matrix: Confusion, amount: number): string {
  return matrix.weighted ? String(Number(amount.toPrecision(4))) : amount.toLocaleString("en");
}

/** "4 %"; below 10 % with a digit behind the point where it is not round. */
export function percentText(share: number): string {
  if (Number.isNaN(share)) return "–";
  const percent = 100 * share;
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}

/** "7 of class eight (true) were called one (predicted): 4 % of them". Class names are never put into the plural. */
export function describeCell(matrix: Confusion, cell: Cell, name: (index: number) => string): Part[] {
  const count = countOf(matrix, cell);
  const share = percentText(count / rowSum(matrix, cell.truth));
  const were = count === 1 ? "was" : "were";
  const called =
    cell.truth === cell.predicted
      ? ` of class ${name(cell.truth)} ${were} called so`
      : ` of class ${name(cell.truth)} (true) ${were} called `;
  return [
    strong(amountText(matrix, count)),
    plain(called),
    ...(cell.truth === cell.predicted ? [] : [chosen(name(cell.predicted)), plain(" (predicted)")]),
    plain(`: ${share} of them`),
  ];
}

export function describeMatrix(
  matrix: Confusion,
  split: string,
  examples: number,
  name: (index: number) => string,
): Part[] {
  const worst = mostConfused(matrix, 1)[0];
  const all = quiet(` · ${examples.toLocaleString("en")} examples (${split}), accuracy ${accuracy(matrix).toFixed(3)}`);
  if (!worst) return [plain("Nothing is confused"), all];
  return [...describeCell(matrix, worst, name), plain(", the most frequent confusion"), all];
}

/** The classes as the positions of an axis, so that matrices of classes get their labels as maps do. */
export function classPositions(names: string[] | null, classes: number): Positions {
  const name = (index: number) => names?.[index] ?? String(index);
  const shown = every(classes);
  return { size: classes, kind: "positions", grid: null, extra: [], tokens: null, shown, name, label: name };
}
