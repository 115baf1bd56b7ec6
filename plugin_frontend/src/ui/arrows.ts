/** Arrow keys as steps: rows down, columns to the right. */
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The step of a key as (rows, columns); null for other keys. */
export function arrowOf(event: KeyboardEvent): readonly [number, number] | null {
  return ARROWS[event.key] ?? null;
}

/** The step of a key along one line: of the arrows up and down, of those left and right, or of all four; 0 for other keys. */
export function arrowAlong(event: KeyboardEvent, way: "rows" | "columns" | "both"): number {
  const [rows, columns] = arrowOf(event) ?? [0, 0];
  return way === "rows" ? rows : way === "columns" ? columns : rows + columns;
}
