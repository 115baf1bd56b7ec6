/** How counts of a matrix, shares and their changes are written. */
import type { Confusion } from "../confusion";
import type { CellUnit } from "../confusionValues";

export const UNIT_NAMES = {
  count: "count",
  row: "share of the row",
  column: "share of the column",
  all: "share of all",
};

/** One for all numbers: making one for each costs more than drawing them. */
const GROUPED = new Intl.NumberFormat("en");

export function amountText(matrix: Pick<Confusion, "weighted">, amount: number): string {
  if (matrix.weighted) return String(Number(amount.toPrecision(4)));
  return amount < 1000 ? String(amount) : GROUPED.format(amount);
}

/** "4 %"; below 10 % with a digit behind the point where it is not round. */
export function percentText(share: number): string {
  if (Number.isNaN(share)) return "–";
  const percent = 100 * share;
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}

/** A value of a cell as its unit is written. */
export function unitText(matrix: Pick<Confusion, "weighted">, value: number, unit: CellUnit): string {
  return unit === "count" ? amountText(matrix, value) : percentText(value);
}

/** "+15", "−4.2 points": counts as they are, shares in points of a percent. */
export function changeText(matrix: Pick<Confusion, "weighted">, by: number, unit: CellUnit): string {
  if (Number.isNaN(by)) return "–";
  const sign = by > 0 ? "+" : by < 0 ? "−" : "±";
  const amount = Math.abs(by);
  if (unit === "count") return sign + amountText(matrix, amount);
  return `${sign}${Number((100 * amount).toFixed(amount < 0.1 ? 1 : 0))} points`;
}
