/** Grids of three dimensions, and inputs of several frames: one slice is shown, and a slider chooses it. */
import type { Axis, SampleInput, Site } from "../api/wire";
import { axesOf } from "./maps";
import type { Positions } from "./positions";

const solid = (site: Site): Axis | null =>
  (["key", "query"] as const).map((role) => axesOf(site, role)[0] ?? null).find((axis) => gridOf(axis)?.length === 3) ??
  null;

const gridOf = (axis: Axis | null) => axis?.cells?.grid ?? axis?.grid ?? null;

/** How many slices there are to choose from: of a grid of three dimensions, else of a video; 1 where iterations go through it. */
export function sliceCount(site: Site | null, input: SampleInput | null): number {
  const axis = site && solid(site);
  if (axis) return gridOf(axis)![0]!;
  const frames = input?.frames?.[0] ?? 1;
  return site && iterationsOf(site) === frames ? 1 : frames;
}

const iterationsOf = (site: Site) => axesOf(site, "iteration")[0]?.size ?? 1;

/** The frame of an input that is shown with a slice: that in its middle; where iterations go through the frames, that of the iteration. */
export function frameOfSlice(site: Site | null, input: SampleInput | null, slice: number, iteration: number): number {
  const frames = input?.frames?.[0] ?? 1;
  const axis = site && solid(site);
  if (!axis) return site && iterationsOf(site) === frames ? iteration : slice;
  const depth = axis.pixels?.[0];
  const middle = depth
    ? depth.offset + slice * depth.stride + depth.size / 2
    : ((slice + 0.5) * frames) / gridOf(axis)![0]!;
  return Math.max(0, Math.min(frames - 1, Math.floor(middle)));
}

/** Positions of a grid of three dimensions as the plane of one slice: those of the others have no cell in it. */
export function sliced(positions: Positions, slice: number): Positions {
  if (positions.grid?.length !== 3) return positions;
  const [, rows, columns] = positions.grid as [number, number, number];
  const plane = rows * columns;
  const all = positions.cells ?? Array.from({ length: positions.size }, (_, position) => position);
  return {
    ...positions,
    grid: [rows, columns],
    cells: all.map((cell) => (cell >= 0 && Math.floor(cell / plane) === slice ? cell % plane : -1)),
    slices: all.map((cell) => (cell < 0 ? -1 : Math.floor(cell / plane))),
    pixels: positions.pixels?.slice(1) ?? null,
  };
}
