/** Where the heads lie in the Overview: a row a layer, in the order of the model, or all of them ranked by a measure. */
import type { HeadIndex } from "./heads";

export interface GridRow {
  /** The layer; null where the rows are ranks. */
  site: number | null;
  cells: HeadIndex[];
  /** CSS pixels from the top. */
  y: number;
  height: number;
  collapsed: boolean;
}

export interface Arrangement {
  rows: GridRow[];
  columns: number;
  /** Side of a cell and the way to the next, CSS pixels. */
  cell: number;
  pitch: number;
  /** Too small for pictures: squares in the colour of a measure. */
  squares: boolean;
  /** What is free below each cell for its name and its value, CSS pixels; 0 where rows and columns say which head it is. */
  caption: number;
  height: number;
}

/** Heads that are ranked have no row or column that names them: each has its name and value below it, up to this many. */
const MOST_NAMED = 400;
const [CAPTION, SMALLEST_NAMED] = [32, 44];
const WIDEST_GAP = 7;
const [SMALLEST_PICTURE, SMALLEST_SQUARE, LARGEST, FOLDED] = [18, 8, 160, 14];

/**
 * @param layers For each layer that is shown, its index among the sites and its number of heads.
 * @param ranked All heads in order, or null for the order of the model.
 * @param collapsed Layers that are folded to a line of small squares.
 * @param width, height The room, CSS pixels. Where even the smallest squares do not fit, the grid has to scroll.
 */
export function arrange(
  layers: { site: number; heads: number }[],
  ranked: HeadIndex[] | null,
  collapsed: ReadonlySet<number>,
  width: number,
  height: number,
): Arrangement {
  const folded = ranked ? 0 : layers.filter(({ site }) => collapsed.has(site)).length;
  const total = layers.reduce((sum, { heads }) => sum + heads, 0);
  const widest = Math.max(1, ...layers.map(({ heads }) => heads));
  const caption = ranked && total <= MOST_NAMED ? CAPTION : 0;
  const smallest = caption ? SMALLEST_NAMED : SMALLEST_SQUARE;
  const columns = ranked ? rankedColumns(total, width, height, caption) : widest;
  const open = ranked ? Math.ceil(total / columns) : layers.length - folded;
  const room = Math.min((height - folded * FOLDED) / Math.max(1, open) - caption, width / columns);
  const squares = !caption && Math.floor(room) - 2 < SMALLEST_PICTURE;
  const gap = squares ? 1 : caption ? WIDEST_GAP : Math.min(WIDEST_GAP, Math.max(2, Math.floor(room / 6)));
  const cell = Math.max(smallest, Math.min(LARGEST, Math.floor(room) - gap));
  const pitch = cell + gap;
  const rows: GridRow[] = [];
  let y = 0;
  const add = (site: number | null, cells: HeadIndex[], isFolded: boolean) => {
    rows.push({ site, cells, y, height: isFolded ? FOLDED : pitch + caption, collapsed: isFolded });
    y += isFolded ? FOLDED : pitch + caption;
  };
  if (ranked) for (let i = 0; i < ranked.length; i += columns) add(null, ranked.slice(i, i + columns), false);
  else {
    for (const { site, heads } of layers) {
      add(
        site,
        Array.from({ length: heads }, (_, head) => ({ site, head })),
        collapsed.has(site),
      );
    }
  }
  return { rows, columns, cell, pitch, squares, caption, height: y };
}

/** As many columns as make the cells largest; where names need more room than there is, as many as fit side by side. */
function rankedColumns(total: number, width: number, height: number, caption: number): number {
  let [best, largest] = [1, 0];
  for (let columns = 1; columns <= total; columns++) {
    const side = Math.min(width / columns, height / Math.ceil(total / columns) - caption, LARGEST);
    if (side >= largest) [best, largest] = [columns, side];
  }
  const wide = SMALLEST_NAMED + WIDEST_GAP;
  return caption && largest < wide ? Math.max(1, Math.min(total, Math.floor(width / wide))) : best;
}

/** The head at a point, in CSS pixels from the corner; null between and beyond the cells. */
export function headAtPoint(arrangement: Arrangement, x: number, y: number): HeadIndex | null {
  const row = arrangement.rows.find((other) => y >= other.y && y < other.y + other.height);
  return row?.cells[Math.floor(x / arrangement.pitch)] ?? null;
}

/** Row and column of a head in the arrangement. */
export function cellOfHead(
  arrangement: Arrangement,
  { site, head }: HeadIndex,
): { row: number; column: number } | null {
  for (const [row, { cells }] of arrangement.rows.entries()) {
    const column = cells.findIndex((cell) => cell.site === site && cell.head === head);
    if (column >= 0) return { row, column };
  }
  return null;
}
