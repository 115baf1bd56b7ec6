/** Which labels of an axis are written where: as many as fit, the kept and the hovered ones always. */
import { cutToken, type Positions } from "./positions";

export interface AxisLabel {
  /** Pixels from the start of the axis to the middle of what it names. */
  at: number;
  text: string;
  /** The whole name, where `text` is cut. */
  title: string;
  /** The position it names; null for the label of a whole row of a grid. */
  position: number | null;
  marked: boolean;
}

export interface AxisView {
  positions: Positions;
  /** The part that is seen: first and last place among `positions.shown`, fractions allowed. */
  from: number;
  to: number;
  pixels: number;
  /** Pixels that a label needs along the axis. */
  room: number;
  /** Pixels that a marked one needs: it is written whole. */
  markedRoom: number;
}

/** Labels of whole rows of the grid where all cells of the axis are shown, so that 49 cells need 7 labels. */
function gridRows(view: AxisView, at: (place: number) => number): AxisLabel[] {
  const { grid, extra } = view.positions;
  if (!grid || grid.length !== 2) return [];
  const [rows, columns] = [grid[0]!, grid[1]!];
  const names = extra.map((name, i) => ({
    at: at(i + 0.5),
    text: cutToken(name),
    title: name,
    position: i,
    marked: false,
  }));
  const cells = Array.from({ length: rows }, (_, row) => ({
    at: at(extra.length + (row + 0.5) * columns),
    text: `row ${row}`,
    title: `row ${row}`,
    position: null,
    marked: false,
  }));
  return [...names, ...cells];
}

export function axisLabels(view: AxisView, marked: number[]): AxisLabel[] {
  const { positions, from, to, pixels, room } = view;
  const { shown } = positions;
  const pitch = pixels / Math.max(1e-9, to - from);
  const at = (place: number) => (place - from) * pitch;
  const one = (place: number, isMarked: boolean): AxisLabel => {
    const position = shown[place]!;
    const text = positions.label(position);
    return { at: at(place + 0.5), text: cutToken(text), title: positions.name(position), position, marked: isMarked };
  };

  const special = [...new Set(marked)].flatMap((position) => {
    const place = shown.indexOf(position);
    return place >= 0 ? [one(place, true)] : [];
  });
  const rows = shown.length === positions.size && pitch < view.markedRoom ? gridRows(view, at) : [];
  const every = Math.max(1, Math.ceil(room / pitch));
  const plain: AxisLabel[] = [];
  if (!rows.length) {
    for (let place = Math.max(0, Math.floor(from)); place < Math.min(shown.length, to); place++) {
      if (place % every === 0) plain.push(one(place, false));
    }
  }
  const kept: AxisLabel[] = [];
  for (const label of [...special, ...rows, ...plain]) {
    if (label.at < 0 || label.at > pixels) continue;
    const clear = kept.every((other) => {
      const need = label.marked || other.marked ? view.markedRoom : room;
      return Math.abs(other.at - label.at) >= need - 0.01;
    });
    if (clear || (label.marked && !kept.length)) kept.push(label);
  }
  return kept;
}
