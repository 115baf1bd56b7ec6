/** The colour scale of the maps on the screen: one for all maps of attention, one for gates, the same at every step. */
import type { Site } from "../api/wire";
import { makeScale, roundTop, type ColorScale } from "../color/scale";
import { headCounts, hasGateKind } from "../model/heads";
import { CHANGE, focusShare, measureScale, type MeasureName } from "../model/headValues";
import { largestOf, type Measures } from "../model/measures";
import type { Selection } from "./selection.svelte";
import type { MapArrays } from "./mapArrays.svelte";

/** Single weights are larger than the mean of the rows' largest, which is what the measure is. */
const ABOVE_MEAN = 1.5;

export class ColorScales {
  readonly measures: Measures | null = $derived.by(() => {
    const array = this.maps.measures.value;
    return array && { array, names: this.focus.maps?.measures ?? [], absent: this.maps.of.averaging.emptySteps };
  });
  /** The standard deviations of the measures over samples, where they are averages. */
  readonly deviations: Measures | null = $derived.by(() => {
    const array = this.maps.measuresDeviation.value;
    return array && { array, names: this.focus.maps?.measures ?? [] };
  });
  /** The measures of averages less, and plus, their standard deviation: between them lie most samples. */
  readonly spread: [Measures, Measures] | null = $derived.by(() => {
    const [{ measures }, deviation] = [this, this.deviations?.array];
    if (!measures || deviation?.data.length !== measures.array.data.length) return null;
    const edge = (by: number): Measures => {
      const data = Float32Array.from(measures.array.data, (value, i) => value + by * deviation.data[i]!);
      return { ...measures, array: { ...measures.array, data } };
    };
    return [edge(-1), edge(1)];
  });
  readonly #tops = $derived.by(() => {
    const tops = { maps: 0, gates: 0 };
    let from = 0;
    const counts = headCounts(this.focus.sites);
    this.focus.sites.forEach((site, i) => {
      const to = from + counts[i]!;
      const largest = largestOf(this.measures, "largest", from, to);
      const group = hasGateKind(site) ? "gates" : "maps";
      if (largest > tops[group]) tops[group] = largest;
      from = to;
    });
    return { maps: roundTop(Math.min(1, tops.maps * ABOVE_MEAN) || 1), gates: roundTop(tops.gates) };
  });

  /** The measures that heads can be compared by: gates have no entropy, and nothing but their largest value. */
  readonly measureNames: MeasureName[] = $derived.by(() => {
    const { sites, slots, maps } = this.focus;
    const all = maps?.measures ?? [];
    const gates = sites.length > 0 && sites.every(hasGateKind);
    const names = gates ? all.filter((name) => name === "largest") : all;
    return slots.length > 1 ? [...names, CHANGE] : names;
  });
  /** By which measure heads are compared in all views: the one chosen, if the log has it. */
  readonly measure: MeasureName = $derived.by(() => {
    const { measure } = this.focus.choices.options.values;
    return this.measureNames.includes(measure) ? measure : (this.measureNames[0] ?? "entropy");
  });
  readonly measureScale = $derived.by(() => measureScale(this.measures, this.measure, this.focus.sites));

  /** How much of the measure each head of each site has at a step, from 0 to 1; `measures`: those of the maps, or others like them. */
  shares(step: number, measures = this.measures): number[][] {
    return focusShare(measures, step, this.focus.sites, { name: this.measure, scale: this.measureScale });
  }

  constructor(
    readonly focus: Selection,
    readonly maps: MapArrays,
  ) {}

  of(site: Site): ColorScale {
    const signed = site.encoding === "signed8_row" || site.overview?.encoding === "signed8_row";
    const gate = hasGateKind(site);
    const top = gate ? this.#tops.gates : this.#tops.maps;
    const { curve } = this.focus.choices.options.values;
    // The measure of a gate is its largest weight; that of a map is a mean, which single weights exceed.
    return makeScale(this.focus.ramp, this.focus.dark, top, signed, curve, !gate && top < 1);
  }
}
