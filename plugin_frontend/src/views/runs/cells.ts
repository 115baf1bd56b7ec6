/** A cell of a pooled map, in words: the positions of the full map that it stands for. */
import type { Positions } from "../../model/positions";

export interface PanelCell {
  row: number;
  column: number;
  rows: number;
  columns: number;
}

/** The name of the only position of a cell, or "“the” (word 16) to “end” (word 31)" where it was pooled from several. */
export function cellName(positions: Positions, place: number, cells: number): string {
  const first = Math.floor((place * positions.size) / cells);
  const last = Math.max(first, Math.ceil(((place + 1) * positions.size) / cells) - 1);
  return first === last ? positions.name(first) : `${positions.name(first)} to ${positions.name(last)}`;
}
