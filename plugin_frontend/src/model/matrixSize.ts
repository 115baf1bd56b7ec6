/** How large a matrix is drawn. */

const LARGEST_CELL = 140;
const NARROWEST = 130;
const LOWEST = 24;
/** From so many rows and columns on, a map that is longer than high (or the other way round) is more than a strip. */
const STRIP = 16;

/**
 * The size of a matrix in a room of `width` x `height` pixels: its cells as large as fit, and square, but where there are far more rows than
 * columns (or the other way round), which would leave a thread of it.
 */
export function matrixSize(
  map: { rows: number; columns: number },
  width: number,
  height: number,
): { width: number; height: number } {
  const uneven = Math.max(map.rows / map.columns, map.columns / map.rows);
  const band = Math.min(map.rows, map.columns) > STRIP;
  const stretch = uneven > 8 ? (band ? Math.max(8, uneven / 1.5) : 8) : uneven > 2 ? 3 : 1;
  const [wide, high] = [width / map.columns, height / map.rows];
  const longest = Math.min(Math.min(wide, high) * stretch, LARGEST_CELL);
  return {
    width: Math.max(NARROWEST, Math.floor(map.columns * Math.min(wide, longest))),
    height: Math.max(LOWEST, Math.floor(map.rows * Math.min(high, longest))),
  };
}
