/** Which labels of an axis are written where: as many as fit, the kept and the hovered ones always. */
import { dateTicks } from "./dates";
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
  /** The part that is seen: first and last index among `positions.shown`, fractions allowed. */
  from: number;
  to: number;
  pixels: number;
  /** Pixels that a label needs along the axis. */
  room: number;
  /** Pixels that a marked one needs: it is written whole. */
  markedRoom: number;
  /** Where labels lie along the axis: how long one is, so that none runs into its neighbour. */
  length?: (text: string) => number;
}

/** Labels of whole rows of the grid where all cells of the axis are shown, so that 49 cells need 7 labels. */
function gridRows(view: AxisView, at: (index: number) => number): AxisLabel[] {
  const { grid, shown } = view.positions;
  const first = firstCell(view.positions);
  if (first < 0) return [];
  const [rows, columns] = [grid![0]!, grid![1]!];
  const names = shown.slice(0, first).map((position, i) => {
    const name = view.positions.label(position);
    return { at: at(i + 0.5), text: cutToken(name), title: name, position, marked: false };
  });
  const cells = Array.from({ length: rows }, (_, row) => ({
    at: at(first + (row + 0.5) * columns),
    text: `row ${row}`,
    title: `row ${row}`,
    position: null,
    marked: false,
  }));
  return [...names, ...cells];
}

/** The index of the first cell among the shown positions, where all cells of a grid of two dimensions are shown, row by row; else -1. */
export function firstCell({ grid, cells, shown }: Positions): number {
  if (grid?.length !== 2) return -1;
  const of = shown.map((position) => (cells ? (cells[position] ?? -1) : position));
  const first = of.findIndex((cell) => cell >= 0);
  const inOrder = of.slice(Math.max(0, first)).every((cell, i) => cell === i);
  return inOrder && of.length - first === grid[0]! * grid[1]! ? first : -1;
}

const BETWEEN = 6;
const LONGEST_TICK = "30 Sep";

/** Dates at the days, months or years that there is room for. */
function dateLabels(view: AxisView, at: (index: number) => number, pitch: number): AxisLabel[] {
  const { positions, from, to, room, length } = view;
  const dates = positions.dates!;
  const there = positions.shown
    .map((position, index) => ({ position, index }))
    .slice(Math.max(0, Math.floor(from)), Math.ceil(to))
    .filter(({ position }) => dates[position]);
  const needed = (length ? length(LONGEST_TICK) + BETWEEN : room) / pitch;
  return dateTicks(
    there.map(({ position }) => dates[position]!),
    needed,
  ).map((tick) => {
    const { position, index } = there[tick.index]!;
    return { at: at(index + 0.5), text: tick.text, title: positions.name(position), position, marked: false };
  });
}

export function axisLabels(view: AxisView, marked: number[]): AxisLabel[] {
  const { positions, from, to, pixels, room } = view;
  const { shown } = positions;
  const pitch = pixels / Math.max(1e-9, to - from);
  const at = (index: number) => (index - from) * pitch;
  const one = (index: number, isMarked: boolean): AxisLabel => {
    const position = shown[index]!;
    const text = positions.label(position);
    return { at: at(index + 0.5), text: cutToken(text), title: positions.name(position), position, marked: isMarked };
  };

  const special = [...new Set(marked)].flatMap((position) => {
    const index = shown.indexOf(position);
    return index >= 0 ? [one(index, true)] : [];
  });
  const ownRoom = view.length ? view.length(positions.label(shown.at(-1) ?? 0)) + BETWEEN : view.markedRoom;
  const rows = pitch < ownRoom ? gridRows(view, at) : [];
  const every = Math.max(1, Math.ceil(room / pitch));
  const plain: AxisLabel[] = [];
  if (positions.dates) plain.push(...dateLabels(view, at, pitch));
  else if (!rows.length) {
    for (let index = Math.max(0, Math.floor(from)); index < Math.min(shown.length, to); index++) {
      if (index % every === 0) plain.push(one(index, false));
    }
  }
  const kept: AxisLabel[] = [];
  for (const label of [...special, ...rows, ...plain]) {
    if (label.at < 0 || label.at > pixels) continue;
    const clear = kept.every((other) => {
      const least = label.marked || other.marked ? view.markedRoom : room;
      const long = view.length ? (view.length(label.text) + view.length(other.text)) / 2 + BETWEEN : 0;
      const need = Math.max(least, long);
      return Math.abs(other.at - label.at) >= need - 0.01;
    });
    if (clear || (label.marked && !kept.length)) kept.push(label);
  }
  return kept;
}
