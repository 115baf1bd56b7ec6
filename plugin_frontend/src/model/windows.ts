/** Where the windows of a site lie in the feature map that they were cut from. */
import type { Site, WindowPlaces } from "../api/wire";
import { axesOf, mapShape } from "./maps";
import { gridName, type Positions } from "./positions";

/** From one cell to another, both included. */
export type Run = [number, number];

/** The places of a site's windows, where the log has them and they fit its queries; else null. */
export function placesOf(site: Site): WindowPlaces | null {
  const places = axesOf(site, "windows")[0]?.places ?? null;
  const { windows, queries } = mapShape(site);
  const fits = places?.cells.length === windows && places.cells.every((cells) => cells.length === queries);
  return fits ? places : null;
}

/** The positions of a window as cells of the feature map that it was cut from; as they are where that is not known. */
export function placedIn(axis: Positions, places: WindowPlaces | null, window: number): Positions {
  const cells = places?.cells[window];
  if (!places || places.grid.length !== 2 || cells?.length !== axis.size) return axis;
  const name = (position: number) => {
    const cell = cells[position] ?? -1;
    return cell < 0 ? `padding ${position}` : gridName(places.grid, cell);
  };
  return {
    ...axis,
    kind: "grid",
    grid: places.grid,
    cells,
    extra: [],
    pixels: null,
    nowhere: false,
    name,
    label: name,
  };
}

/** The window that a place of the picture lies in, and its position there; null for none. `x`, `y`: shares of the picture. */
export function windowUnder(places: WindowPlaces, x: number, y: number): { window: number; position: number } | null {
  const [rows = 1, columns = 1] = places.grid;
  const at = (share: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  const cell = at(y, rows) * columns + at(x, columns);
  const window = places.cells.findIndex((own) => own.includes(cell));
  return window < 0 ? null : { window, position: places.cells[window]!.indexOf(cell) };
}

function runsOf(numbers: number[]): Run[] {
  const runs: Run[] = [];
  for (const number of [...new Set(numbers)]) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** Rows and columns that a window covers, in its own order; a sequence has columns only. A shifted one has several runs. */
export function partsOf({ grid, cells }: WindowPlaces, window: number): { rows: Run[]; columns: Run[] } {
  const wide = grid.at(-1) ?? 1;
  const own = (cells[window] ?? []).filter((cell) => cell >= 0);
  return {
    rows: runsOf(own.map((cell) => Math.floor(cell / wide))),
    columns: runsOf(own.map((cell) => cell % wide)),
  };
}

const runsText = (noun: string, runs: Run[]) => {
  const one = runs.length === 1 && runs[0]![0] === runs[0]![1];
  const texts = runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`));
  return `${noun}${one ? "" : "s"} ${texts.length > 1 ? `${texts.slice(0, -1).join(", ")} and ` : ""}${texts.at(-1)}`;
};

/** How far the first window lies from the edge: by so much all were shifted. */
function shiftText({ grid, cells }: WindowPlaces): string {
  const first = cells[0]?.[0] ?? 0;
  const wide = grid.at(-1) ?? 1;
  const [rows, columns] = grid.length === 2 ? [Math.floor(first / wide), first % wide] : [first, first];
  if (first <= 0) return "";
  return `, shifted by ${rows === columns ? rows : `${rows} down and ${columns} to the right`}`;
}

/** "window 3 of 16, rows 4–7, columns 0–3, shifted by 2". Windows, rows and columns count from 0. */
export function windowText(places: WindowPlaces, window: number): string {
  const { rows, columns } = partsOf(places, window);
  const start = `window ${window} of ${places.cells.length}`;
  if (!columns.length) return `${start}, padding only`;
  const where =
    places.grid.length === 2 ? [runsText("row", rows), runsText("column", columns)] : [runsText("position", columns)];
  return `${[start, ...where].join(", ")}${shiftText(places)}`;
}
