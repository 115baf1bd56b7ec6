/** Where the rows of the Epochs view lie: a row a head, a gap between layers. */

export interface HeadRows {
  /** Height of a row, CSS pixels. */
  pitch: number;
  /** Upper edge of the first row of each layer. */
  tops: number[];
  /** Of all rows, with the space for an outline around the first and the last. */
  height: number;
  /** Every how many heads there is room for a number. */
  numbered: number;
}

/** So much space is above the first and below the last row. */
const EDGE = 4;
const [LOWEST, HIGHEST] = [3, 18];
const [WIDEST_GAP, NARROWEST_GAP] = [8, 2];
const FIGURE = 11;

/**
 * The rows as high as they fit into `room`, with smaller gaps before smaller rows; where even the lowest do not fit, they scroll.
 *
 * @param counts Heads of each layer.
 */
export function layOutRows(counts: number[], room: number): HeadRows {
  const total = Math.max(
    1,
    counts.reduce((sum, count) => sum + count, 0),
  );
  let gap = WIDEST_GAP;
  const fitting = () => Math.floor((room - 2 * EDGE - gap * (counts.length - 1)) / total);
  while (gap > NARROWEST_GAP && fitting() < LOWEST) gap--;
  const pitch = Math.max(LOWEST, Math.min(HIGHEST, fitting()));
  let y = EDGE;
  const tops = counts.map((count) => {
    const top = y;
    y += count * pitch + gap;
    return top;
  });
  return { pitch, tops, height: y - (counts.length ? gap : 0) + EDGE, numbered: Math.ceil(FIGURE / pitch) };
}
