/** Paints how focused each head is, small: a row a site, a column a head. */
import type { Ramp } from "../color/ramp";
import { hatchAt } from "./hatch";
import type { Rect } from "./heatmap";
import { cellsUnder } from "./shrink";

/** The pixels of one head in a picture of all; none where heads share pixels. */
export function cellOf(rect: Rect, rows: number, columns: number, row: number, column: number): Rect {
  const edge = (cell: number, cells: number, pixels: number) => Math.ceil((cell * pixels) / cells - 0.5);
  const [x, y] = [edge(column, columns, rect.width), edge(row, rows, rect.height)];
  const [width, height] = [edge(column + 1, columns, rect.width) - x, edge(row + 1, rows, rect.height) - y];
  return { x: rect.x + x, y: rect.y + y, width, height };
}

/**
 * `shares`: for each site, 0 to 1 for each of its heads; cells without a head stay empty, NaN is hatched. Where heads share a pixel
 * the most focused one is shown, and before all others one that is not a number.
 */
export function paintFocus(pixels: Uint32Array, stride: number, rect: Rect, shares: number[][], ramp: Ramp): void {
  const columns = Math.max(1, ...shares.map((row) => row.length));
  const down = cellsUnder(0, shares.length, rect.height, shares.length);
  const across = cellsUnder(0, columns, rect.width, columns);
  for (let y = 0; y < rect.height; y++) {
    const heads: (number | undefined)[] = [];
    for (let row = down.first[y]!; row < down.end[y]!; row++)
      shares[row]!.forEach((share, head) => (heads[head] = Math.max(heads[head] ?? 0, share)));
    for (let x = 0; x < rect.width; x++) {
      let share: number | undefined;
      for (let head = across.first[x]!; head < across.end[x]!; head++)
        if (heads[head] !== undefined) share = Math.max(share ?? 0, heads[head]!);
      if (share === undefined) continue;
      pixels[(rect.y + y) * stride + rect.x + x] = Number.isNaN(share) ? hatchAt(x, y) : ramp[Math.round(share * 255)]!;
    }
  }
}
