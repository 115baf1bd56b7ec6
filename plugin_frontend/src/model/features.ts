/** The feature map behind a gate over channels: a small picture for each channel. */
import type { NumberArray } from "../api/npy";
import type { Site } from "../api/wire";
import { decodeRows } from "./encoding";
import type { AttentionMap } from "./maps";
import { planePositions, type Positions } from "./positions";

export interface FeatureMaps {
  /** One a channel. */
  channels: AttentionMap[];
  /** The largest amount in any channel, so that all are drawn on one scale; 0 where nothing is finite. */
  largest: number;
  signed: boolean;
}

/** The feature map of a site out of what the route `features` sent; null where the site has none. */
export function featureMaps(site: Site, stored: NumberArray): FeatureMaps | null {
  const [count = 0, rows = 0, columns = 0] = site.features?.shape ?? [];
  if (!site.features || count * rows * columns === 0) return null;
  const values = decodeRows(stored, site.features.encoding, count * rows, columns);
  let [largest, signed] = [0, false];
  for (const value of values) {
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    signed ||= value < 0;
  }
  const size = rows * columns;
  const channels = Array.from({ length: count }, (_, channel) => ({
    rows,
    columns,
    weights: values.subarray(channel * size, (channel + 1) * size),
  }));
  return { channels, largest, signed };
}

export function meanOf(map: AttentionMap): number {
  return map.weights.reduce((sum, value) => sum + value, 0) / map.weights.length;
}

/** The least and the largest finite value; NaN where there is none. */
export function rangeOf(map: AttentionMap): { least: number; largest: number } {
  const finite = map.weights.filter(Number.isFinite);
  if (!finite.length) return { least: NaN, largest: NaN };
  return finite.reduce(
    ({ least, largest }, value) => ({ least: Math.min(least, value), largest: Math.max(largest, value) }),
    {
      least: Infinity,
      largest: -Infinity,
    },
  );
}

/** The cells of a feature map as positions, so that it is laid over a picture as the cells of any grid are. */
export function cellPositions(map: AttentionMap): Positions {
  const name = (cell: number) => `row ${Math.floor(cell / map.columns)}, col ${cell % map.columns}`;
  return planePositions(map.rows, map.columns, name);
}

/** How far the sides of a map may be from the proportions of a picture of which it is a smaller version. */
const ALIKE = 1.35;

/** Whether a feature map may be laid over a picture: it has its proportions and no more cells than the picture has pixels. */
export function liesInPicture(map: AttentionMap, picture: { width: number; height: number }): boolean {
  if (map.columns > picture.width || map.rows > picture.height) return false;
  const ratio = (map.columns * picture.height) / (map.rows * picture.width);
  return ratio < ALIKE && ratio > 1 / ALIKE;
}
