/** What a matrix, a cell or a difference says, in a sentence. Class names are never put into the plural. */
import {
  accuracy,
  columnSum,
  countOf,
  rowSum,
  worstCell,
  type Cell,
  type Confusion,
  type ConfusionKind,
} from "../confusion";
import { unitValue, type CellUnit } from "../confusionValues";
import { amountText, changeText, percentText, UNIT_NAMES, unitText } from "./amounts";
import { chosen, plain, quiet, strong, type Part } from "./part";

type Name = (index: number) => string;

/** "7 of class eight (true) were predicted as one: 4 % of them". */
export function describeCell(matrix: Confusion, cell: Cell, name: Name, kind: ConfusionKind = "classes"): Part[] {
  const count = countOf(matrix, cell);
  const were = count === 1 ? "was" : "were";
  const [truth, predicted] = [name(cell.truth), name(cell.predicted)];
  if (kind === "labels") {
    return [
      strong(amountText(matrix, count)),
      plain(` with label ${truth} ${were} predicted to have `),
      chosen(predicted),
      plain(cell.truth === cell.predicted ? ": true positives" : ", correctly or not"),
    ];
  }
  const share = percentText(count / rowSum(matrix, cell.truth));
  const same = cell.truth === cell.predicted;
  return [
    strong(amountText(matrix, count)),
    plain(same ? ` of class ${truth} ${were} predicted correctly` : ` of class ${truth} (true) ${were} predicted as `),
    ...(same ? [] : [chosen(predicted)]),
    plain(`: ${share} of them`),
  ];
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
  return [plain(`, and ${share} of those predicted as ${name(cell.predicted)}`)];
}

/** ", −15 since epoch 13" behind the sentence of a cell. */
export function describeSince(matrix: Confusion, by: number, since: string): Part[] {
  return by === 0 ? [quiet(`; as in ${since}`)] : [plain(`; ${changeText(matrix, by, "count")} since ${since}`)];
}

export function describeMatrix(
  matrix: Confusion,
  split: string,
  examples: number,
  name: Name,
  kind: ConfusionKind = "classes",
): Part[] {
  const worst = worstCell(matrix);
  const sum = kind === "labels" ? "" : `, accuracy ${accuracy(matrix).toFixed(3)}`;
  const all = quiet(` · ${examples.toLocaleString("en")} examples (${split})${sum}`);
  if (!worst) return [plain("Nothing is confused"), all];
  const which = kind === "labels" ? ", the most frequent pair" : ", the most frequent confusion";
  return [...describeCell(matrix, worst, name, kind), plain(which), all];
}

export interface Compared {
  a: Confusion;
  b: Confusion;
  aName: string;
  bName: string;
  unit: CellUnit;
}

/** "Shirt → T-shirt: 117 in epoch 14, 132 in epoch 13: −15". */
export function describeDifference({ a, b, aName, bName, unit }: Compared, cell: Cell, name: Name): Part[] {
  const [x, y] = [unitValue(a, cell, unit), unitValue(b, cell, unit)];
  return [
    chosen(`${name(cell.truth)} → ${name(cell.predicted)}`),
    plain(`: ${unitText(a, x, unit)} in ${aName}, ${unitText(b, y, unit)} in ${bName}: `),
    strong(changeText(b, (y || 0) - (x || 0), unit)),
    quiet(unit === "count" ? "" : ` · ${UNIT_NAMES[unit]}`),
  ];
}
