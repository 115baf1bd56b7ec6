/** Where the thumbnails of heads lie. */

export interface GridLayout {
  /** Side of a thumbnail, CSS pixels. */
  cell: number;
  gap: number;
}

const SMALLEST = 18;
const LARGEST = 160;

/** Thumbnails as large as fit, from 18 to 160 pixels; where even the smallest do not fit, the place has to scroll. */
export function gridLayout(width: number, height: number, rows: number, columns: number): GridLayout {
  const gap = Math.min(7, Math.max(2, Math.floor(Math.min(height / rows, width / columns) / 6)));
  const room = Math.floor(Math.min(height / Math.max(1, rows), width / Math.max(1, columns))) - gap;
  return { cell: Math.max(SMALLEST, Math.min(LARGEST, room)), gap };
}
