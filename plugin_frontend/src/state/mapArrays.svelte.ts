/** The arrays of the maps in focus: the overview of all sites, the weights of one, now and a step before, and the measures. */
import { address, type Params } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { Site } from "../api/wire";
import type { AttentionMap } from "../model/maps";
import { overviewMaps } from "../model/overviewMaps";
import type { Slot } from "../model/timeline";
import type { View } from "./choices.svelte";
import { Recent } from "./recent";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface OverviewPicture {
  slot: Slot;
  sample: number;
  sites: Site[];
  /** For each site, the pooled maps of its heads. */
  maps: AttentionMap[][];
}

export interface SiteWeights {
  slot: Slot;
  sample: number;
  site: Site;
  siteIndex: number;
  array: NpyArray;
}

/** Views that draw the weights of one site, not only the pooled overview of all. */
export function showsWeights({ view, onlyEvents }: { view: View; onlyEvents: boolean }): boolean {
  if (onlyEvents) return false;
  return view === "head" || view === "sample" || view === "compare";
}

export class MapArrays {
  readonly overview = new Resource<OverviewPicture>();
  readonly weights = new Resource<SiteWeights>();
  readonly before = new Resource<SiteWeights>();
  readonly measures = new Resource<NpyArray>();
  readonly #resources = [this.overview, this.weights, this.before, this.measures];
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

  overviewAddress(slot: Slot, sample: number): string {
    return this.#address("overview", { step: slot.step, sample, v: slot.record?.v });
  }

  /** The pooled map of one head at a slot if it has been fetched already. */
  peekHead(slot: Slot, sample: number, siteIndex: number, head: number): AttentionMap | null {
    const site = this.of.sitesOf(slot)[siteIndex];
    const array = slot.record && site && this.of.server.client.peek(this.overviewAddress(slot, sample));
    if (!array) return null;
    // Without what it was decoded from, which the client may have let go of by then.
    const make = () => {
      const map = overviewMaps(site, array.data)[head];
      return map ? { rows: map.rows, columns: map.columns, weights: map.weights } : null;
    };
    return this.#frames.get(array, make, `${site.path} ${head}`);
  }

  #overview(slot: Slot, sample: number, sites: Site[], array: NpyArray): OverviewPicture {
    const maps = this.#pictures.get(array, () => sites.map((site) => overviewMaps(site, array.data)));
    return { slot, sample, sites, maps };
  }

  wantOverview(): void {
    const { mapsName, slot, sites, sampleIndex, samples } = this.of;
    if (!mapsName || !sites.length) return this.overview.clear();
    // A damaged step has no picture: the last one stays.
    if (!slot?.record || !samples.length) return;
    this.overview.want(this.overviewAddress(slot, sampleIndex), (url, signal) => {
      const array = this.of.server.client.get(url, signal);
      if (!(array instanceof Promise)) return this.#overview(slot, sampleIndex, sites, array);
      return array.then((loaded) => this.#overview(slot, sampleIndex, sites, loaded));
    });
  }

  weightsAddress(slot: Slot, site: number, sample: number): string {
    return this.#address("weights", { step: slot.step, sample, site, v: slot.record?.v });
  }

  #weights(
    slot: Slot,
    site: Site,
    siteIndex: number,
  ): [string, (url: string, signal: AbortSignal) => SiteWeights | Promise<SiteWeights>] {
    const { sampleIndex: sample } = this.of;
    return [
      this.weightsAddress(slot, siteIndex, sample),
      (key, signal) => {
        const array = this.of.server.client.get(key, signal);
        if (!(array instanceof Promise)) return { slot, sample, site, siteIndex, array };
        return array.then((loaded) => ({ slot, sample, site, siteIndex, array: loaded }));
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
    const url = this.#address("measures", { sample: sampleIndex, v: maps.version });
    this.measures.want(url, (key, signal) => this.of.server.client.get(key, signal));
  }
}
