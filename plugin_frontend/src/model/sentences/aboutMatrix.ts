/** What a matrix, a cell or a difference says. Class names are never put into the plural. */
import type { Step } from "../../api/wire";
import {
  accuracy,
  columnSum,
  countOf,
  rowSum,
  sumsOf,
  worstCell,
  type Cell,
  type Confusion,
  type ConfusionKind,
} from "../confusion";
import { mostChanged } from "../confusionRanking";
import { unitValue, type CellUnit } from "../confusionValues";
import { amountText, changeText, percentText, UNIT_NAMES, unitText } from "./amounts";
import { mentioned, named, plain, quiet, stepPart, strong, type Part, type Target } from "./part";

type Name = (index: number) => string;
/** Where the name of a cell leads; nowhere where it is not one of two classes. */
type CellTarget = (cell: Cell) => Target | undefined;
const NOWHERE: CellTarget = () => undefined;

/** "Shirt → T-shirt": a cell by its classes. The arrow stands for nothing else in the tab: from the true class to the predicted one. */
export function cellText(truth: string, predicted: string): string {
  return `${truth} → ${predicted}`;
}

/** "class eight", but not "class class 1". */
export function classText(name: string): string {
  return /^class\b/i.test(name) ? name : `class ${name}`;
}

function classParts(name: string, to: Target | undefined): Part[] {
  const text = classText(name);
  return text === name ? [named(name, to)] : [plain("class "), named(name, to)];
}

/** "7 of class eight (true) were predicted as one: 4 % of them". */
export function describeCell(
  matrix: Confusion,
  cell: Cell,
  name: Name,
  kind: ConfusionKind = "classes",
  target: CellTarget = NOWHERE,
): Part[] {
  const count = countOf(matrix, cell);
  const to = target(cell);
  const [truth, predicted] = [classParts(name(cell.truth), to), named(name(cell.predicted), to, "chosen")];
  const same = cell.truth === cell.predicted;
  const number = strong(count === 0 ? "No example" : amountText(matrix, count));
  const were = count === 0 || count === 1 ? "was" : "were";
  if (kind === "labels") {
    const ending = count === 0 ? "" : same ? ": true positives" : ", correctly or not";
    return [
      number,
      plain(` with label `),
      named(name(cell.truth), to),
      plain(` ${were} predicted to have `),
      predicted,
      plain(ending),
    ];
  }
  const support = rowSum(matrix, cell.truth);
  if (support === 0) return [number, plain(" is of "), ...truth];
  const share =
    count === 0 ? `: there are ${amountText(matrix, support)}` : `: ${percentText(count / support)} of them`;
  return same
    ? [number, plain(" of "), ...truth, plain(` ${were} predicted correctly${share}`)]
    : [number, plain(" of "), ...truth, plain(` (true) ${were} predicted as `), predicted, plain(share)];
}

/** ", and 11 % of those predicted as T-shirt": the same cell as a share of its column. */
export function describeColumnShare(
  matrix: Confusion,
  cell: Cell,
  name: Name,
  kind: ConfusionKind = "classes",
): Part[] {
  if (kind === "labels" || countOf(matrix, cell) === 0) return [];
  const share = percentText(countOf(matrix, cell) / columnSum(matrix, cell.predicted));
  return [plain(`, and ${share} of those predicted as `), mentioned(name(cell.predicted))];
}

/** What the four counts of a yes and a no are called, by 2 * truth + prediction. */
export const OUTCOMES = ["true negatives (TN)", "false positives (FP)", "false negatives (FN)", "true positives (TP)"];

/** "; false negatives (FN)": a cell of two classes by one score, of which class 1 is the positive one. */
export function describeOutcome({ truth, predicted }: Cell, count: number, kind: ConfusionKind): Part[] {
  const name = OUTCOMES[2 * truth + predicted];
  return kind === "binary" && count > 0 && name ? [plain(`; ${name}`)] : [];
}

/** ", −15 since epoch 13" behind the sentence of a cell. */
export function describeSince(matrix: Confusion, by: number, since: string, step?: Step | null): Part[] {
  const at = stepPart(since, step);
  return by === 0 ? [quiet("; as in "), at] : [plain(`; ${changeText(matrix, by, "count")} since `), at];
}

export function describeMatrix(
  matrix: Confusion,
  split: string,
  examples: number,
  name: Name,
  kind: ConfusionKind = "classes",
  target: CellTarget = NOWHERE,
  /** Of single classes, where rows and columns are groups of them. */
  share = accuracy(matrix),
): Part[] {
  const worst = worstCell(matrix);
  if (!sumsOf(matrix).total && !examples) return [plain("Nothing was counted"), quiet(` · ${split}`)];
  const sum = kind === "labels" ? "" : `, accuracy ${share.toFixed(3)}`;
  const which = `${examples.toLocaleString("en")} ${examples === 1 ? "example" : "examples"}`;
  const all = quiet(` · ${which} (${split})${sum}`);
  if (!worst) return [plain("Nothing is confused"), all];
  const most = kind === "labels" ? ", the most frequent pair" : ", the most frequent confusion";
  return [...describeCell(matrix, worst, name, kind, target), plain(most), all];
}

export interface Compared {
  a: Confusion;
  b: Confusion;
  aName: string;
  bName: string;
  unit: CellUnit;
}

/** "Shirt → T-shirt: 117 in epoch 14, 132 in epoch 13: −15". */
export function describeDifference(
  { a, b, aName, bName, unit }: Compared,
  cell: Cell,
  name: Name,
  target: CellTarget = NOWHERE,
): Part[] {
  const [x, y] = [unitValue(a, cell, unit), unitValue(b, cell, unit)];
  const [then, now] = [
    [a, x],
    [b, y],
  ].map(([matrix, value]) =>
    Number.isNaN(value) ? "a share of nothing" : unitText(matrix as Confusion, value as number, unit),
  );
  return [
    named(cellText(name(cell.truth), name(cell.predicted)), target(cell), "chosen"),
    plain(`: ${then} in ${aName}, ${now} in ${bName}`),
    ...(Number.isNaN(y - x) ? [] : [plain(": "), strong(changeText(b, y - x, unit))]),
    quiet(unit === "count" ? "" : ` · ${UNIT_NAMES[unit]}`),
  ];
}

/** Where two matrices differ most, off the diagonal. `values`: B - A, row by row. */
export function describeLargestDifference(
  sides: Compared,
  values: ArrayLike<number>,
  name: Name,
  target: CellTarget = NOWHERE,
): Part[] {
  const [most] = mostChanged(values, sides.b.classes, 1);
  if (!most) return [plain(`No confusion of ${sides.bName} differs from ${sides.aName}.`)];
  return [...describeDifference(sides, most.cell, name, target), plain(", the largest difference")];
}

/** Why there is no matrix to show, and what to do. */
export function describeNoMatrix(stepName: string): Part[] {
  return [plain(`No matrix was logged at ${stepName}: choose another step.`)];
}
