/** How strongly weights tint a picture: linear, from no tint at 0 to the full one at a weight that fits what is drawn. */

/** What the full tint stands for: the largest weight of the row, its 98 % quantile, or the largest of the row at any step. */
export type TintFit = "row" | "quantile" | "steps";

export interface TintScale {
  /** The weight of the full tint, above 0. */
  full: number;
  /** Whether there are larger weights, which are drawn like it. */
  clips: boolean;
  /** What `full` is, in words: "the largest of the row". */
  of: string;
}

const QUANTILE = 0.98;

const WORDS: Record<TintFit, string> = {
  row: "the largest of the row",
  quantile: "98 % of the row's cells",
  steps: "the largest of all steps",
};

export function tintColor(dark: boolean): string {
  return dark ? "58,168,255" : "22,132,240";
}

/** Green where B has more, purple where it has less; on any picture. */
export const DIFFERENCE_TINTS = { more: "63,170,95", less: "163,92,179" } as const;

/** The amounts of `rows` at `cells`, by rising size; those that are not finite are left out. */
function amounts(rows: readonly Float32Array[], cells: readonly number[]): Float32Array {
  const found = new Float32Array(rows.length * cells.length);
  let count = 0;
  for (const row of rows)
    for (const cell of cells) {
      const amount = Math.abs(row[cell] ?? NaN);
      if (amount < Infinity) found[count++] = amount;
    }
  return found.subarray(0, count).sort();
}

/**
 * The scale of the rows that are drawn, fitted to `fitted` (the drawn ones, or the same row at all steps).
 *
 * `cells`: the positions that have a cell in the picture; a class token that gets most of a row does not count.
 */
export function fitTint(
  drawn: readonly Float32Array[],
  cells: readonly number[],
  fit: TintFit,
  fitted = drawn,
  of = WORDS[fit],
): TintScale {
  const sizes = amounts(fitted, cells);
  const largest = sizes.at(-1) ?? 0;
  const quantile = fit === "quantile" ? (sizes[Math.ceil(QUANTILE * sizes.length) - 1] ?? 0) : largest;
  // Of a row that is nearly all zeros, the quantile is none to scale by.
  const full = quantile > 0 ? quantile : largest > 0 ? largest : 1;
  return { full, clips: (amounts(drawn, cells).at(-1) ?? 0) > full, of };
}

/** Of gates and activations: 1, or the largest value where it is above 1. */
export function openTint(drawn: readonly Float32Array[], cells: readonly number[]): TintScale {
  return { full: Math.max(1, amounts(drawn, cells).at(-1) ?? 1), clips: false, of: "open" };
}
