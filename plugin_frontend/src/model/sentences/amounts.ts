/** How counts, shares, weights and their changes are written. */
import type { Confusion } from "../confusion";
import type { CellUnit } from "../confusionValues";
import { weightText } from "../ranking";

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
  if (percent > 0 && percent < 0.05) return "about 0 %";
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}

/** A value of a cell as its unit is written. */
export function unitText(matrix: Pick<Confusion, "weighted">, value: number, unit: CellUnit): string {
  return unit === "count" ? amountText(matrix, value) : percentText(value);
}

/** "+15", "−4.2 points": counts as they are, shares in points of a percent; "unchanged", and "about 0" below what is shown. */
export function changeText(matrix: Pick<Confusion, "weighted">, by: number, unit: CellUnit): string {
  if (Number.isNaN(by)) return "–";
  if (by === 0) return "unchanged";
  const sign = by > 0 ? "+" : "−";
  const amount = Math.abs(by);
  if (unit === "count") return sign + amountText(matrix, amount);
  const points = Number((100 * amount).toFixed(amount < 0.1 ? 1 : 0));
  return points === 0 ? "about 0 points" : `${sign}${points} points`;
}

/** The same as a figure in a cell, where its unit is known and there is little room: "≈0" below what is shown. */
export function figureText(text: string): string {
  return text.replace(/ (%|points)$/, "").replace("about 0", "≈0");
}

/** How a probability changed, to two digits: "+0.12"; "about 0" below that, and nothing where it did not. */
export function movedText(by: number): string {
  if (Number.isNaN(by) || by === 0) return "";
  const amount = Math.abs(by).toFixed(2);
  return amount === "0.00" ? "about 0" : `${by > 0 ? "+" : "−"}${amount}`;
}

/** "8.4", "0.03": how many times uniform a weight is. */
export function timesText(times: number): string {
  return times < 0.1 ? String(Number(times.toPrecision(1))) : times.toFixed(1);
}

/** A difference of weights or measures with its sign. */
export function signed(value: number): string {
  if (value === 0) return "0";
  return (value > 0 ? "+" : value < 0 ? "−" : "") + weightText(Math.abs(value));
}

/** How a number changed, as far as both are shown: "from 2.65 to 1.20 bits", "2.65 bits, unchanged". */
export function courseText(from: number, to: number, unit = ""): string {
  const [a, b] = [from, to].map(weightText);
  return a === b ? `${b}${unit}, unchanged` : `from ${a} to ${b}${unit}`;
}
