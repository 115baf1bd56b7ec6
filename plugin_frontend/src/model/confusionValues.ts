/** What the cells of a matrix are coloured by: counts, or shares of the row, the column or all; and differences of two. */
import { countOf, sumsOf, type Cell, type Confusion } from "./confusion";
import type { AttentionMap } from "./maps";

export type CellUnit = "count" | "row" | "column" | "all";
/** Right ones grey, not at all, or coloured as the others. */
export type Diagonal = "dimmed" | "hidden" | "coloured";

/** Every cell in the unit; NaN where there is nothing to be a share of. */
export function unitValues(matrix: Confusion, unit: CellUnit): Float64Array {
  const { classes, counts } = matrix;
  const { rows, columns, total } = sumsOf(matrix);
  const values = new Float64Array(classes * classes);
  for (let truth = 0, i = 0; truth < classes; truth++) {
    for (let predicted = 0; predicted < classes; predicted++, i++) {
      const of = unit === "row" ? rows[truth]! : unit === "column" ? columns[predicted]! : unit === "all" ? total : 1;
      values[i] = counts[i]! / of;
    }
  }
  return values;
}

/** One cell in the unit. */
export function unitValue(matrix: Confusion, { truth, predicted }: Cell, unit: CellUnit): number {
  const { rows, columns, total } = sumsOf(matrix);
  const of = { count: 1, row: rows[truth]!, column: columns[predicted]!, all: total }[unit];
  return countOf(matrix, { truth, predicted }) / of;
}

/**
 * The values as a map to be painted. Off `coloured`, the diagonal is 0: what is right is not what one looks for, and where
 * cells are pooled by maximum it would hide all else. Empty rows are 0 too.
 */
export function cellMap(values: Float64Array, classes: number, diagonal: Diagonal): AttentionMap {
  const weights = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) weights[i] = values[i]! || 0;
  if (diagonal !== "coloured") for (let i = 0; i < classes; i++) weights[i * classes + i] = 0;
  return { rows: classes, columns: classes, weights };
}

/** The unit in which two matrices can be compared: counts only where they are of equally many examples. */
export function comparableUnit(examplesA: number, examplesB: number, unit: CellUnit): CellUnit {
  return unit === "count" && examplesA !== examplesB ? "row" : unit;
}

/** B - A, cell by cell; NaN where one of them is a share of nothing. */
export function differenceValues(a: Confusion, b: Confusion, unit: CellUnit): Float64Array {
  const [x, y] = [unitValues(a, unit), unitValues(b, unit)];
  return y.map((value, i) => value - x[i]!);
}

/** The largest amount off the diagonal, or anywhere; 0 where there is none. */
export function largestAmount(map: AttentionMap): number {
  return map.weights.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
}
