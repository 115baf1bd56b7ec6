/** The arrays of the maps in focus: the overview of all sites, the weights of one, now and a step before, and the measures. */
import { address, type Params } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { Sample, Site } from "../api/wire";
import type { AttentionMap } from "../model/maps";
import { overviewMaps } from "../model/overviewMaps";
import type { Slot } from "../model/timeline";
import type { View } from "./choices.svelte";
import { Recent } from "./recent";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface OverviewPicture {
  slot: Slot;
  /** -1 for the average over several. */
  sample: number;
  sites: Site[];
  /** For each site, the pooled maps of its heads. */
  maps: AttentionMap[][];
}

export interface SiteWeights {
  slot: Slot;
  /** Of several the first: their positions are the same. */
  sample: number;
  /** Over how many samples the weights are averaged; 1 for those of one sample. */
  count: number;
  site: Site;
  siteIndex: number;
  array: NpyArray;
}

/** Views that draw the weights of one site, not only the pooled overview of all. */
export function showsWeights({ view, onlyEvents }: { view: View; onlyEvents: boolean }): boolean {
  if (onlyEvents) return false;
  return view === "head" || view === "sample" || view === "compare";
}

/** In the views of one head the film shows its map; in the others how focused all heads are, and the values of gates. */
export function filmShowsHead(view: View): boolean {
  return ["head", "sample", "compare", "runs"].includes(view);
}

export class MapArrays {
  readonly overview = new Resource<OverviewPicture>();
  readonly weights = new Resource<SiteWeights>();
  readonly before = new Resource<SiteWeights>();
  readonly measures = new Resource<NpyArray>();
  /** The standard deviation of the weights and of the measures, where they are averages. */
  readonly deviation = new Resource<SiteWeights>();
  readonly measuresDeviation = new Resource<NpyArray>();
  readonly #resources = [
    ...[this.overview, this.weights, this.before, this.measures],
    ...[this.deviation, this.measuresDeviation],
  ];
  /** The pictures drawn last, and the maps of one head in others (the film's frames): four bytes a weight, of which few are kept. */
  #pictures = new Recent<AttentionMap[][]>(4);
  #frames = new Recent<AttentionMap | null>(256);

  constructor(readonly of: SampleSelection) {}

  clear(): void {
    for (const resource of this.#resources) resource.clear();
  }

  retry(): void {
    for (const resource of this.#resources) resource.retry();
  }

  #address(route: string, params: Params): string {
    return address(route, { ...this.of.mapsName, ...params });
  }

  /** Null where there is none: no sample of the average at that step. */
  overviewAddress(slot: Slot, sample: number): string | null {
    const samples = this.of.averaging.maps(slot, sample);
    return samples && this.#address("overview", { step: slot.step, ...samples, v: slot.record?.v });
  }

  /** The pooled map of one head at a slot if it has been fetched already. */
  peekHead(slot: Slot, sample: number, siteIndex: number, head: number): AttentionMap | null {
    const site = this.of.sitesOf(slot)[siteIndex];
    const address = slot.record && site && this.overviewAddress(slot, sample);
    const array = address && this.of.server.client.peek(address);
    if (!array) return null;
    // Without what it was decoded from, which the client may have let go of by then.
    const make = () => {
      const map = overviewMaps(site, array.data, this.#sample(slot, sample))[head];
      return map ? { rows: map.rows, columns: map.columns, weights: map.weights } : null;
    };
    return this.#frames.get(array, make, `${site.path} ${head} ${this.#cut}`);
  }

  /** The sample whose padding is left out; of several the first: their positions are the same. */
  #sample(slot: Slot, sample: number): Sample | null {
    const { averaging, samples } = this.of;
    return samples[averaging.ofMaps ? (averaging.at(slot)[0] ?? -1) : sample] ?? null;
  }

  /** Changes with what is left out of the maps. */
  get #cut(): string {
    const { choices, samples } = this.of;
    return `${choices.options.values.padding} ${samples[0]?.inputs.length ?? 0}`;
  }

  #overview(slot: Slot, sites: Site[], array: NpyArray): OverviewPicture {
    const sample = this.of.averaging.ofMaps ? -1 : this.of.sampleIndex;
    const padded = this.#sample(slot, this.of.sampleIndex);
    const maps = this.#pictures.get(
      array,
      () => sites.map((site) => overviewMaps(site, array.data, padded)),
      this.#cut,
    );
    return { slot, sample, sites, maps };
  }

  wantOverview(): void {
    const { mapsName, slot, sites, sampleIndex, samples } = this.of;
    if (!mapsName || !sites.length) return this.overview.clear();
    // A damaged step has no picture: the last one stays.
    if (!slot?.record || !samples.length) return;
    const url = this.overviewAddress(slot, sampleIndex);
    this.overview.want(url && `${url} ${this.#cut}`, (_, signal) => {
      const array = this.of.server.client.get(url!, signal);
      if (!(array instanceof Promise)) return this.#overview(slot, sites, array);
      return array.then((loaded) => this.#overview(slot, sites, loaded));
    });
  }

  /** Null as for an overview. */
  weightsAddress(slot: Slot, site: number, sample: number, deviation = false): string | null {
    const samples = this.of.averaging.maps(slot, sample);
    const params = { step: slot.step, ...samples, site, deviation: deviation ? 1 : null, v: slot.record?.v };
    return samples && this.#address("weights", params);
  }

  #weights(
    slot: Slot,
    site: Site,
    siteIndex: number,
    deviation = false,
  ): [string | null, (url: string, signal: AbortSignal) => SiteWeights | Promise<SiteWeights>] {
    const { sampleIndex, averaging } = this.of;
    const [sample, count] = averaging.ofMaps
      ? [averaging.at(slot)[0] ?? 0, averaging.at(slot).length]
      : [sampleIndex, 1];
    return [
      this.weightsAddress(slot, siteIndex, sampleIndex, deviation),
      (key, signal) => {
        const array = this.of.server.client.get(key, signal);
        if (!(array instanceof Promise)) return { slot, sample, count, site, siteIndex, array };
        return array.then((loaded) => ({ slot, sample, count, site, siteIndex, array: loaded }));
      },
    ];
  }

  wantWeights(): void {
    const { slot, previousSlot, site, siteIndex, samples } = this.of;
    if (!showsWeights(this.of)) return;
    if (!site) {
      this.weights.clear();
      this.before.clear();
      return;
    }
    if (!slot?.record || !samples.length) return;
    this.weights.want(...this.#weights(slot, site, siteIndex));
    // What a person waits for comes first, and has the line for itself.
    if (this.weights.pending) return;
    if (this.of.averaging.ofMaps) this.deviation.want(...this.#weights(slot, site, siteIndex, true));
    else this.deviation.clear();
    const index = previousSlot ? this.of.sitesOf(previousSlot).findIndex((other) => other.path === site.path) : -1;
    // Another step has other examples: none of them is this one a step before.
    const known = index >= 0 && !this.of.showsExamples;
    const before = known ? this.of.sitesOf(previousSlot!)[index] : undefined;
    if (before) this.before.want(...this.#weights(previousSlot!, before, index));
    else this.before.clear();
  }

  wantMeasures(): void {
    const { maps, sites, samples, sampleIndex, showsExamples } = this.of;
    if (!maps || showsExamples || !sites.length || !samples.length) return this.measures.clear();
    const params = { ...this.of.averaging.measures(sampleIndex), v: maps.version };
    const get = (key: string, signal: AbortSignal) => this.of.server.client.get(key, signal);
    this.measures.want(this.#address("measures", params), get);
    if (!this.of.averaging.ofMeasures) this.measuresDeviation.clear();
    else if (!this.measures.pending)
      this.measuresDeviation.want(this.#address("measures", { ...params, deviation: 1 }), get);
  }
}
