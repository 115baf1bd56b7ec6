/** The positions along the query or key axis of a site: how many, what each is called, which are padding. */
import type { Axis, AxisKind, Pixels, Role, Sample, SampleInput, Site } from "../api/wire";
import { dateTexts } from "./dates";
import { framesOf, secondsOf, type Frame } from "./frames";
import { graphOf, nodeBeside, type Graph } from "./graph";
import { invisibleMark } from "./invisible";
import { axesOf } from "./maps";
import { numberText } from "./ranking";

/** Left, top, right, bottom, as shares of the picture. */
export type ObjectBox = [number, number, number, number];

export interface Positions {
  size: number;
  kind: AxisKind;
  /** Cells along each dimension of a grid, outermost first; null for other kinds. */
  grid: number[] | null;
  /** For each position its cell, counted row by row, -1 for extra positions; null where they lie row by row from the first. */
  cells: number[] | null;
  /** Of one slice of a grid of three dimensions, which then has two: the slice of each position; null for all others. */
  slices: number[] | null;
  /** The positions that are no cells of the grid, by name: "CLS". */
  extra: Extra[];
  /** The part of the picture that the cells cover, down and across; null where they cover all of it evenly. */
  pixels: Pixels[] | null;
  /** The box of each object in the picture of the sample; null for what are no objects, or where the log has no boxes. */
  boxes: ObjectBox[] | null;
  /** Of the nodes of a graph: where each is drawn, and the pairs that an edge joins; null for all others. */
  graph: Graph | null;
  /** The part of the sound or series of the sample that each frame covers; null for what is no frames, or where the log has neither. */
  frames: Frame[] | null;
  /** The date of each frame, in ISO 8601. */
  dates: string[] | null;
  /** What stands at each position in the sample beside its name: the value of a feature; null where there is none. */
  values: (string | null)[] | null;
  /** The input that the positions lie in, where the log has it. */
  input: number | null;
  /** The same, or the only one that fits where the log names none. */
  source: SampleInput | null;
  /** Whether cells of a grid are known to lie in no picture. */
  nowhere: boolean;
  /** The words, where the positions are tokens of the sample. */
  tokens: string[] | null;
  /** The text that the words come from, where the log has it. */
  text?: string | null;
  /** Whether the labels are words: those of a text, or the names that a user gave. They need room, and no noun. */
  worded: boolean;
  /** The positions that are not padding, in order. */
  shown: number[];
  /** One position in words: "row 1, col 5", "“verify” (word 22)", "channel 59". */
  name(position: number): string;
  /** The same, as short as an axis wants it. */
  label(position: number): string;
}

export interface Extra {
  position: number;
  name: string;
}

const NOUNS: Record<AxisKind, string> = {
  tokens: "token",
  grid: "cell",
  channels: "channel",
  frames: "frame",
  objects: "object",
  features: "feature",
  nodes: "node",
  positions: "position",
};

/** Times that differ differ on the screen too, down to milliseconds: "0.32 s", "12 s". */
function timeTexts(seconds: number[]): string[] {
  const digits = [0, 1, 2].find((n) => seconds.every((time) => Math.abs(time - Number(time.toFixed(n))) < 1e-9)) ?? 3;
  return seconds.map((time) => `${time.toFixed(digits)} s`);
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufefc]/;

/** A word in quotes; one that runs from right to left is isolated, else it would carry the number behind it along. */
function quoted(token: string): string {
  return RIGHT_TO_LEFT.test(token) ? `\u2068“${token}”\u2069` : `“${token}”`;
}

const CUT = 13;

/** At most 13 characters, the last an ellipsis where something was cut. Counts whole characters, not their halves. */
export function cutToken(token: string): string {
  const characters = [...token];
  return characters.length <= CUT ? token : `${characters.slice(0, CUT - 1).join("")}…`;
}

export function gridName(grid: number[], cell: number, brief = false): string {
  const indices: number[] = [];
  for (let rest = cell, i = grid.length - 1; i >= 0; i--) {
    indices.unshift(rest % grid[i]!);
    rest = Math.floor(rest / grid[i]!);
  }
  if (brief && grid.length > 2) return indices.join(" · ");
  const names = grid.length === 3 ? ["slice", "row", "col"] : ["row", "col"];
  return indices.map((index, i) => `${names[i] ?? "axis"} ${index}`).join(", ");
}

/** What a sample, or all of them, says of the positions of an axis. */
function ofSample<T>(of: T[] | null | undefined, sample: Sample | null): T | null {
  return (of?.length === 1 ? of[0] : of?.[sample?.index ?? -1]) ?? null;
}

/** Whether an input may be that of so many positions, where the log names none. */
const FITS: Partial<Record<AxisKind, (input: SampleInput, size: number) => boolean>> = {
  tokens: ({ tokens }, size) => tokens?.length === size,
  frames: ({ audio, dates }, size) => !!audio || dates?.length === size,
  objects: ({ boxes }, size) => boxes?.length === size,
  features: ({ names }, size) => names?.length === size,
};

/** The input that an axis lies in: the one named, else the only one that fits. */
function inputOf(sample: Sample | null, input: number | null, kind: AxisKind, size: number): SampleInput | null {
  if (!sample) return null;
  if (input !== null) return sample.inputs[input] ?? null;
  const fits = FITS[kind];
  const fitting = fits ? sample.inputs.filter((other) => fits(other, size)) : [];
  return fitting.length === 1 ? fitting[0]! : null;
}

/** The input whose tokens lie along an axis; null for sites of two axes a role, and for what are no tokens. */
export function inputAlong(site: Site, role: Role, sample: Sample | null): SampleInput | null {
  const [axis, ...others] = axesOf(site, role);
  if (!axis || others.length) return null;
  return inputOf(sample, axis.input ?? null, axis.kind ?? "positions", axis.size);
}

/** Names of the extra positions of an axis, and the cell of each position where they do not lie row by row from the first. */
function layOut({ size, cells, extra = [] }: Axis): { cells: number[] | null; extra: Extra[] } {
  if (!cells) {
    const rest = Array.from({ length: size - extra.length }, (_, cell) => cell);
    return { cells: extra.length ? [...extra.map(() => -1), ...rest] : null, extra: extra.map(named) };
  }
  const free = cells.of.flatMap((cell, position) => (cell < 0 ? [position] : []));
  return {
    cells: cells.of,
    extra: free.map((position, i) => ({ position, name: cells.extra[i] ?? String(position) })),
  };
}

const named = (name: string, position: number): Extra => ({ position, name });

/** `iteration`: where boxes move with the iterations of the site, the one whose boxes are shown. */
export function positionsOf(site: Site, role: Role, sample: Sample | null, iteration = 0): Positions {
  const axes = axesOf(site, role);
  const size = axes.reduce((product, axis) => product * axis.size, 1);
  const first = axes[0];
  const kind = first?.kind ?? "positions";
  const single = axes.length === 1 ? first! : null;
  // Two plain axes of one role span a plane: a gate over the rows and columns of a feature map.
  const plane = axes.length > 1 ? axes.map((axis) => axis.size) : null;
  const own = single?.own?.[sample?.index ?? -1] ?? null;
  const grid = single ? (single.cells?.grid ?? (single.grid ? (own ?? single.grid) : null)) : plane;
  const { cells, extra } = single ? layOut(single) : { cells: null, extra: [] };
  const extras = new Map(extra.map(({ position, name }) => [position, name]));
  const input = inputOf(sample, first?.input ?? null, kind, size);
  /** What an input says of its positions, by position of the axis: extra positions have none. */
  const ofInput = <T>(facts: T[] | null | undefined): (T | undefined)[] | null => {
    if (!facts || facts.length !== size - extra.length) return null;
    return cells ? cells.map((cell) => facts[cell]) : facts;
  };
  const names = kind === "tokens" ? null : ofInput(input?.names)?.map((each) => each ?? "");
  const given = single?.names ?? ofSample(single?.own_names, sample) ?? names ?? null;
  // Names of tokens are read as a text is.
  const ofText = kind === "tokens" || kind === "positions" ? (input?.tokens ?? null) : null;
  const tokens = given && kind === "tokens" ? given : given ? null : ofText;
  const frames = framesOf(single, input, size, cells);
  const dates =
    kind === "frames"
      ? (ofSample(single?.dates, sample) ?? ofInput(input?.dates)?.map((each) => each ?? "") ?? null)
      : null;
  const seconds = dates ? null : secondsOf(single, input, frames);
  const times = dates ? dateTexts(dates) : seconds && timeTexts(seconds);
  const values = given && !tokens ? (ofInput(input?.values)?.map(valueText) ?? null) : null;
  const mask = tokens ? (input?.mask ?? null) : null;
  const there = own ? extra.length + own.reduce((product, cells) => product * cells, 1) : size;
  const all = Array.from({ length: Math.min(there, size) }, (_, i) => i);
  const kept = mask && mask.length >= all.length ? all.filter((i) => mask[i]) : all;
  const shown = kept.length ? kept : all;
  const words = tokens ?? given;
  const seen = new Set<string>();
  const repeated = new Set(words?.filter((word) => seen.size === seen.add(word).size));
  const noun = tokens ? "word" : NOUNS[kind];
  // That of attention pooling, which is no part of the sample.
  const lone = size === 1 && kind === "positions" && !words && role === "query";

  const label = (position: number): string => {
    const word = words?.[position];
    const mark = tokens ? invisibleMark(word ?? "") : null;
    if (mark) return `${mark} ${position}`;
    if (word) return word;
    if (lone) return "query";
    if (extras.has(position)) return extras.get(position)!;
    if (times) return times[position] ?? String(position);
    if (grid) return gridName(grid, cells ? (cells[position] ?? 0) : position, true);
    // Beside names, a bare number would be taken for one.
    return words ? `${noun} ${position}` : String(position);
  };
  const name = (position: number): string => {
    const word = words?.[position];
    const mark = tokens ? invisibleMark(word ?? "") : null;
    if (mark) return `${word ? quoted(mark) : "empty token"} (${noun} ${position})`;
    const value = values?.[position] ?? null;
    const called = value === null ? quoted(word ?? "") : `${quoted(word ?? "")} = ${value}`;
    if (word) return repeated.has(word) ? `${called} (${noun} ${position})` : called;
    if (lone) return "the query";
    if (extras.has(position)) return extras.get(position)!;
    if (times) return dates ? label(position) : `frame at ${label(position)}`;
    if (grid) return gridName(grid, cells ? (cells[position] ?? 0) : position);
    return `${NOUNS[kind]} ${position}`;
  };
  return {
    ...plainPositions(size, name),
    ...{ kind, grid, cells, extra, tokens, text: tokens ? (input?.text ?? null) : null, shown, label },
    ...{ frames, dates, values, source: input },
    worded: words !== null,
    boxes:
      ofSample(single?.tracks, sample)?.[iteration] ??
      ofSample(single?.boxes, sample) ??
      (kind === "objects" ? boxesOf(ofInput(input?.boxes)) : null),
    slices: null,
    graph: graphOf(ofSample(single?.points, sample), ofSample(single?.edges, sample)),
    // Pictures that differ in size are cut alike: only how many pixels there are is their own.
    pixels: single?.pixels?.map((part) => ({ ...part, of: (own && input?.shape?.[part.axis - 1]) || part.of })) ?? null,
    input: first?.input ?? null,
    nowhere: !!single?.cells && (single.input ?? null) === null,
  };
}

/** The boxes of an input; null where an extra position among its objects has none. */
const boxesOf = (boxes: (ObjectBox | undefined)[] | null): ObjectBox[] | null =>
  boxes?.every((box) => box !== undefined) ? boxes : null;

/** The only number of a position; null where it has several. */
const valueText = (numbers: (number | null)[] | undefined): string | null =>
  numbers?.length === 1 ? numberText(numbers[0] ?? NaN) : null;

/** Whether a position has a name of its own, among positions that have names. */
export const isNamed = (axis: Positions, position: number): boolean =>
  axis.worded && axis.name(position) !== axis.label(position);

/** The position that is read where none was chosen: the first, of objects the first that was found to be something. */
export function firstPosition(axis: Positions | null): number {
  const named = axis?.boxes ? axis.shown.find((position) => isNamed(axis, position)) : undefined;
  return named ?? axis?.shown[0] ?? 0;
}

/** Positions that are nothing but names. */
export function plainPositions(size: number, name: (position: number) => string): Positions {
  const shown = Array.from({ length: size }, (_, i) => i);
  const nothing = {
    grid: null,
    cells: null,
    extra: [],
    pixels: null,
    boxes: null,
    graph: null,
    slices: null,
    tokens: null,
    input: null,
    frames: null,
    dates: null,
    values: null,
    source: null,
  };
  return { size, kind: "positions", ...nothing, nowhere: false, worded: false, shown, name, label: name };
}

/** The cells of a feature map that lies evenly over the whole picture, row by row. */
export function planePositions(
  rows: number,
  columns: number,
  name = String as (position: number) => string,
): Positions {
  return { ...plainPositions(rows * columns, name), kind: "grid", grid: [rows, columns] };
}

/** Whether positions are cells or boxes that can be drawn in the picture of an input. */
export function inPicture(positions: Positions | null, input: number): positions is Positions {
  if (!positions || positions.nowhere || !(positions.boxes || positions.grid?.length === 2)) return false;
  return positions.input === null || positions.input === input;
}

/** Whether two axes have the same cells, boxes, nodes or frames at the same positions. */
export function sameCells(one: Positions | null, other: Positions | null): boolean {
  const key = (axis: Positions | null) =>
    JSON.stringify([axis?.grid, axis?.cells, axis?.pixels, axis?.boxes, axis?.graph, axis?.frames, axis?.input]);
  return key(one) === key(other);
}

/** Row and column of a position in a grid of two dimensions; null for extra positions and other kinds. */
export function cellOf(positions: Positions, position: number): { row: number; column: number } | null {
  const { grid, cells } = positions;
  const cell = cells ? (cells[position] ?? -1) : position;
  if (!grid || grid.length !== 2 || cell < 0) return null;
  return { row: Math.floor(cell / grid[1]!), column: cell % grid[1]! };
}

/** The position of a cell of a grid of two dimensions; of the nearest cell where there is none so far out. */
export function positionOfCell({ grid, cells }: Positions, row: number, column: number): number {
  const [rows = 1, columns = 1] = grid ?? [];
  const cell = Math.max(0, Math.min(rows - 1, row)) * columns + Math.max(0, Math.min(columns - 1, column));
  return cells ? cells.indexOf(cell) : cell;
}

/**
 * The position so many rows and columns further in the picture; among boxes, which have no order there, the next or last one;
 * in a graph the nearest node on that side.
 */
export function positionBeside(
  positions: Positions,
  position: number,
  [down, across]: readonly [number, number],
): number {
  if (positions.graph) return nodeBeside(positions.graph, positions.shown, position, [across, down]);
  if (positions.boxes) return Math.max(0, Math.min(positions.size - 1, position + down + across));
  const cell = cellOf(positions, position) ?? { row: 0, column: -1 };
  return positionOfCell(positions, cell.row + down, cell.column + across);
}
