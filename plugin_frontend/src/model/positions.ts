/** The positions along the query or key axis of a site: how many, what each is called, which are padding. */
import type { AxisKind, Role, Sample, SampleInput, Site } from "../api/wire";
import { axesOf } from "./maps";

export interface Positions {
  size: number;
  kind: AxisKind;
  /** Cells along each dimension of a grid, outermost first; null for other kinds. */
  grid: number[] | null;
  /** Names of the positions before the cells of a grid. */
  extra: string[];
  /** The words, where the positions are tokens of the sample. */
  tokens: string[] | null;
  /** The text that the words come from, where the log has it. */
  text?: string | null;
  /** The positions that are not padding, in order. */
  shown: number[];
  /** One position in words: "row 1, col 5", "“verify” (word 22)", "channel 59". */
  name(position: number): string;
  /** The same, as short as an axis wants it. */
  label(position: number): string;
}

const NOUNS: Record<AxisKind, string> = {
  tokens: "token",
  grid: "cell",
  channels: "channel",
  frames: "frame",
  objects: "object",
  features: "feature",
  positions: "position",
};

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

function gridName(grid: number[], cell: number): string {
  const places: number[] = [];
  for (let rest = cell, i = grid.length - 1; i >= 0; i--) {
    places.unshift(rest % grid[i]!);
    rest = Math.floor(rest / grid[i]!);
  }
  const names = grid.length === 3 ? ["slice", "row", "col"] : ["row", "col"];
  return places.map((place, i) => `${names[i] ?? "axis"} ${place}`).join(", ");
}

/** The input that an axis lies in: the one named, else (for tokens) the only one with as many tokens. */
function inputOf(sample: Sample | null, input: number | null, kind: AxisKind, size: number): SampleInput | null {
  if (!sample) return null;
  if (input !== null) return sample.inputs[input] ?? null;
  if (kind !== "tokens") return null;
  const fitting = sample.inputs.filter((other) => other.tokens?.length === size);
  return fitting.length === 1 ? fitting[0]! : null;
}

/** The input whose tokens lie along an axis; null for sites of two axes a role, and for what are no tokens. */
export function inputAlong(site: Site, role: Role, sample: Sample | null): SampleInput | null {
  const [axis, ...others] = axesOf(site, role);
  if (!axis || others.length) return null;
  return inputOf(sample, axis.input ?? null, axis.kind ?? "positions", axis.size);
}

export function positionsOf(site: Site, role: Role, sample: Sample | null): Positions {
  const axes = axesOf(site, role);
  const size = axes.reduce((product, axis) => product * axis.size, 1);
  const first = axes[0];
  const kind = first?.kind ?? "positions";
  // Two plain axes of one role span a plane: a gate over the rows and columns of a feature map.
  const plane = axes.length > 1 ? axes.map((axis) => axis.size) : null;
  const own = axes.length === 1 ? (first?.own?.[sample?.index ?? -1] ?? null) : null;
  const grid = axes.length === 1 ? (first?.grid ? (own ?? first.grid) : null) : plane;
  const extra = axes.length === 1 ? (first?.extra ?? []) : [];
  const input = inputOf(sample, first?.input ?? null, kind, size);
  const tokens = kind === "tokens" || kind === "positions" ? (input?.tokens ?? null) : null;
  const mask = tokens ? (input?.mask ?? null) : null;
  const there = own ? extra.length + own.reduce((product, cells) => product * cells, 1) : size;
  const all = Array.from({ length: Math.min(there, size) }, (_, i) => i);
  const kept = mask && mask.length >= all.length ? all.filter((i) => mask[i]) : all;
  const shown = kept.length ? kept : all;
  const repeated = new Set(tokens?.filter((token, i) => tokens.indexOf(token) !== i));

  const label = (position: number): string => {
    if (tokens) return tokens[position] || String(position);
    if (extra[position] !== undefined) return extra[position];
    if (grid) return gridName(grid, position - extra.length);
    return String(position);
  };
  const name = (position: number): string => {
    if (tokens) {
      const token = tokens[position];
      if (!token) return `token ${position}`;
      return repeated.has(token) ? `${quoted(token)} (word ${position})` : quoted(token);
    }
    if (grid || extra[position] !== undefined) return label(position);
    return `${NOUNS[kind]} ${position}`;
  };
  return { size, kind, grid, extra, tokens, text: tokens ? (input?.text ?? null) : null, shown, name, label };
}

/** Row and column of a position in a grid of two dimensions; null for extra positions and other kinds. */
export function cellOf(positions: Positions, position: number): { row: number; column: number } | null {
  const { grid, extra } = positions;
  if (!grid || grid.length !== 2 || position < extra.length) return null;
  const cell = position - extra.length;
  return { row: Math.floor(cell / grid[1]!), column: cell % grid[1]! };
}
