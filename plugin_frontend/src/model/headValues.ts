/** A measure of every head at a step, with the change since the step before, and the range that its colours span. */
import type { Site } from "../api/wire";
import { flatHead, hasGateKind, headCounts, type HeadIndex } from "./heads";
import { mapShape } from "./maps";
import { measureAt, MEASURE_TITLES, type Measures } from "./measures";

/** A measure that the log has, or "change": by how many bits the entropy moved since the step before. */
export type MeasureName = string;
export const CHANGE = "change";

/** `sites`: those that are measured. Gates have no weights, and no entropy. */
export function measureTitle(name: MeasureName, sites: Site[] = []): string {
  const gates = sites.length > 0 && sites.every(hasGateKind);
  if (name === CHANGE) return gates ? "change of the largest value" : "change of entropy (bits)";
  return gates && name === "largest" ? "largest value" : (MEASURE_TITLES[name] ?? name);
}

/** Whether pictures of all heads show the values of a site, small: its largest value would say that a gate is open where most is closed. */
export function drawnByValues(site: Site, name: MeasureName): boolean {
  return hasGateKind(site) && name !== CHANGE;
}

/** `before`: the index of the step before, -1 for none. NaN where the measure means nothing. */
export function headValue(measures: Measures | null, step: number, before: number, flat: number, name: string): number {
  if (name !== CHANGE) return measureAt(measures, step, flat, name);
  // A gate has no entropy; how far its largest value moved says the same.
  const now = measureAt(measures, step, flat, "entropy");
  const of = Number.isNaN(now) ? "largest" : "entropy";
  return Math.abs(measureAt(measures, step, flat, of) - measureAt(measures, before, flat, of));
}

/** Whether small values are the more telling: what is focused, or looks near. */
export function lowestFirst(name: MeasureName): boolean {
  return name === "entropy" || name === "distance";
}

export interface PlacedValue extends HeadIndex {
  value: number;
}

/** All heads of some layers, by rising or falling value as is the more telling: focused, moved and sure heads first. */
export function rankHeads(
  measures: Measures | null,
  step: number,
  before: number,
  sites: Site[],
  layers: number[],
  name: MeasureName,
): PlacedValue[] {
  const counts = headCounts(sites);
  const sign = lowestFirst(name) ? 1 : -1;
  const values = layers.flatMap((site) =>
    Array.from({ length: counts[site] ?? 0 }, (_, head) => {
      const value = headValue(measures, step, before, flatHead(sites, { site, head }), name);
      return { site, head, value };
    }),
  );
  const key = ({ value }: PlacedValue) => (Number.isNaN(value) ? Infinity : sign * value);
  return values.sort((a, b) => (key(a) === key(b) ? 0 : key(a) - key(b)));
}

export interface MeasureScale {
  low: number;
  high: number;
  /** Small values are the dark (in the dark theme the light) end: what is focused stands out. */
  inverted: boolean;
  /** The value of a head that attends uniformly; null where there is none. */
  uniform: number | null;
}

/** One range for all steps, so that playing does not change the colours. */
export function measureScale(measures: Measures | null, name: MeasureName, sites: Site[]): MeasureScale {
  const [steps = 0, heads = 0] = measures?.array.shape ?? [];
  let [low, high] = [Infinity, -Infinity];
  for (let step = 0; step < steps; step++) {
    for (let head = 0; head < heads; head++) {
      const value = headValue(measures, step, step - 1, head, name);
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const keys = Math.max(1, ...sites.filter((site) => !hasGateKind(site)).map((site) => mapShape(site).keys));
  const uniform =
    name === "entropy" ? Math.log2(keys) : ["first", "self", "previous", "largest"].includes(name) ? 1 / keys : null;
  if (name !== "distance") low = Math.min(0, low);
  if (uniform !== null) high = Math.max(high, uniform);
  if (!(low < high)) [low, high] = [0, Number.isFinite(high) && high > 0 ? high : 1];
  return { low, high, inverted: name === "entropy", uniform };
}

/** 0 to 1 along the colours; NaN stays NaN. */
export function measureShare(scale: MeasureScale, value: number): number {
  const share = Math.max(0, Math.min(1, (value - scale.low) / (scale.high - scale.low)));
  return scale.inverted ? 1 - share : share;
}

/** The measure by which heads are compared, and what its values span. */
export interface ComparedBy {
  name: MeasureName;
  scale: MeasureScale;
}

/**
 * How much of a measure each head of each site has, from 0 to 1. By default how focused it is: 0 is uniform, 1 one key
 * (1 - entropy / its maximum). Where a head lacks the measure, as gates lack the entropy, its largest weight.
 */
export function focusShare(measures: Measures | null, step: number, sites: Site[], by?: ComparedBy): number[][] {
  const counts = headCounts(sites);
  let from = 0;
  return sites.map((site, s) => {
    const bits = Math.log2(Math.max(2, mapShape(site).keys));
    const shareOf = (flat: number) => {
      if (by && by.name !== "entropy")
        return measureShare(by.scale, headValue(measures, step, step - 1, flat, by.name));
      return 1 - measureAt(measures, step, flat, "entropy") / bits;
    };
    const shares = Array.from({ length: counts[s] ?? 0 }, (_, head) => {
      const share = shareOf(from + head);
      const known = Number.isNaN(share) ? measureAt(measures, step, from + head, "largest") : share;
      return Math.max(0, Math.min(1, known));
    });
    from += counts[s] ?? 0;
    return shares;
  });
}
