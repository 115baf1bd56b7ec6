/** The arrays of what is shown: fetched when a choice changes, and the neighbours in advance. */
import { untrack } from "svelte";
import { address, type Params } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { SamplesAnswer, Site } from "../api/wire";
import type { Slot } from "../model/timeline";
import { overviewMaps, type AttentionMap } from "../model/maps";
import { Ahead } from "./ahead.svelte";
import { Compare } from "./compare.svelte";
import { Features } from "./features.svelte";
import { Resource } from "./resource.svelte";
import { Rows } from "./rows.svelte";
import type { View } from "./choices.svelte";
import type { Store } from "./store.svelte";

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

/** Overviews fetched in advance: 144 heads are 150 KB, so these are at most some 40 MB. */
const AHEAD = 256;
/** Steps on either side of which the whole map is fetched in advance. */
const MAPS_AHEAD = 2;

/** Views that draw the weights of one site, not only the pooled overview of all. */
function showsWeights(view: View): boolean {
  return view === "head" || view === "sample" || view === "compare";
}

export class Data {
  readonly samples = new Resource<SamplesAnswer>();
  readonly thumbnails = new Resource<NpyArray>();
  readonly picture = new Resource<NpyArray>();
  readonly overview = new Resource<OverviewPicture>();
  readonly weights = new Resource<SiteWeights>();
  readonly before = new Resource<SiteWeights>();
  readonly measures = new Resource<NpyArray>();
  readonly matrix = new Resource<NpyArray>();
  split = $state.raw<string | null>(null);

  readonly rows: Rows;
  readonly features: Features;
  readonly compare: Compare;
  readonly ahead: Ahead;
  #series = "";
  #matrices = "";
  readonly #resources = [
    this.samples,
    this.thumbnails,
    this.picture,
    this.overview,
    this.weights,
    this.before,
    this.measures,
    this.matrix,
  ];
  #decoded = new WeakMap<NpyArray, AttentionMap[][]>();

  constructor(readonly store: Store) {
    this.ahead = new Ahead(store.server.client);
    this.rows = new Rows(store);
    this.features = new Features(store);
    this.compare = new Compare(store);
  }

  /** Whether what the view shows is being fetched. */
  get pending(): boolean {
    const { view } = this.store;
    if (view === "confusion") return this.matrix.pending;
    return showsWeights(view) ? this.weights.pending : this.overview.pending;
  }

  start(): void {
    $effect(() => this.#clearForAnotherSeries());
    $effect(() => this.#wantSamples());
    $effect(() => this.#wantOverview());
    $effect(() => this.#wantWeights());
    $effect(() => this.features.want());
    $effect(() => this.#wantMeasures());
    $effect(() => this.#wantMatrix());
    $effect(() => this.#fetchAhead());
    $effect(() => {
      if (this.store.server.recovered > 0) untrack(() => this.retry());
    });
  }

  /** Old pictures stay while the next step comes, but never under the names of another run. */
  #clearForAnotherSeries(): void {
    const series = JSON.stringify(this.store.mapsName);
    if (series === this.#series) return;
    this.#series = series;
    untrack(() => {
      for (const resource of this.#resources) resource.clear();
      this.features.shown.clear();
      this.rows.clear();
    });
  }

  retry(): void {
    for (const resource of this.#resources) resource.retry();
    this.rows.retry();
    this.features.shown.retry();
    this.compare.weights.retry();
    this.store.server.refresh();
    this.#wantSamples();
    this.#wantOverview();
    this.#wantWeights();
    this.features.want();
    this.#wantMeasures();
    this.#wantMatrix();
  }

  #address(route: string, params: Params): string {
    return address(route, { ...this.store.mapsName, ...params });
  }

  #array(url: string, signal: AbortSignal): NpyArray | Promise<NpyArray> {
    const client = this.store.server.client;
    return client.peek(url) ?? client.array(url, signal);
  }

  #wantSamples(): void {
    const { mapsName, slots, slot } = this.store;
    const set = slot?.record?.samples ?? slots.findLast((other) => other.record?.samples)?.record?.samples ?? null;
    if (!mapsName || !set) {
      for (const resource of [this.samples, this.thumbnails, this.picture]) resource.clear();
      return;
    }
    const client = this.store.server.client;
    const params = { ...mapsName, set, v: set };
    const samplesAddress = address("samples", params);
    this.samples.want(samplesAddress, (_, signal) => client.json<SamplesAnswer>("samples", params, signal));
    const answer = this.samples.value;
    if (!answer || this.samples.key !== samplesAddress) return;
    const thumbnails = answer.thumbnails ? address("thumbnails", params) : null;
    this.thumbnails.want(thumbnails, (url, signal) => this.#array(url, signal));
    const { sampleIndex } = this.store;
    const input = this.pictureInput;
    const url = input < 0 ? null : address("image", { ...params, sample: sampleIndex, input });
    this.picture.want(url, (key, signal) => this.#array(key, signal));
  }

  /** The input whose picture is shown beside the map: the one that the site's keys lie in, else the first picture; -1 for none. */
  get pictureInput(): number {
    const inputs = this.store.sample?.inputs ?? [];
    const named = this.store.site?.axes.find((axis) => axis.role === "key")?.input ?? null;
    if (named !== null && inputs[named]?.kind === "image") return named;
    return inputs.findIndex((input) => input.kind === "image");
  }

  overviewAddress(slot: Slot, sample: number): string {
    return this.#address("overview", { step: slot.step, sample, v: slot.record?.v });
  }

  /** The overview of a slot if it has been fetched already. */
  peekOverview(slot: Slot, sample: number): OverviewPicture | null {
    const sites = this.sitesOf(slot);
    if (!slot.record || !sites.length) return null;
    const array = this.store.server.client.peek(this.overviewAddress(slot, sample));
    return array ? this.#overview(slot, sample, sites, array) : null;
  }

  sitesOf(slot: Slot): Site[] {
    return this.store.maps?.site_sets[slot.record?.sites ?? -1] ?? [];
  }

  #overview(slot: Slot, sample: number, sites: Site[], array: NpyArray): OverviewPicture {
    let maps = this.#decoded.get(array);
    if (!maps) this.#decoded.set(array, (maps = sites.map((site) => overviewMaps(site, array.data))));
    return { slot, sample, sites, maps };
  }

  #wantOverview(): void {
    const { mapsName, slot, sites, sampleIndex, samples } = this.store;
    if (!mapsName || !sites.length) return this.overview.clear();
    // A damaged step has no picture of its own: the last one stays.
    if (!slot?.record || !samples.length) return;
    this.overview.want(this.overviewAddress(slot, sampleIndex), (url, signal) => {
      const array = this.#array(url, signal);
      if (!(array instanceof Promise)) return this.#overview(slot, sampleIndex, sites, array);
      return array.then((loaded) => this.#overview(slot, sampleIndex, sites, loaded));
    });
  }

  /** Asks for the overviews of the other steps, the nearest first, so that dragging the slider finds them there, and in Head for the next maps. */
  #fetchAhead(): void {
    const { slots, slotIndex, sampleIndex, view, site, siteIndex } = this.store;
    const near = slots
      .map((slot, index) => ({ slot, apart: Math.abs(index - slotIndex), index }))
      .filter(({ slot }) => slot.record)
      .sort((a, b) => a.apart - b.apart)
      .slice(0, AHEAD);
    if (this.overview.pending || this.weights.pending || this.matrix.pending) return;
    const maps = showsWeights(view) && site ? near.filter(({ apart }) => apart > 0 && apart <= MAPS_AHEAD) : [];
    const matrices =
      view === "confusion" ? near.map(({ index }) => this.matrixAddress(this.store.matrixSlots[index] ?? null)) : [];
    this.ahead.want([
      ...matrices.filter((url) => url !== null),
      ...maps.flatMap(({ slot }) =>
        this.sitesOf(slot)[siteIndex]?.path === site?.path ? this.#weightsAddress(slot, siteIndex) : [],
      ),
      ...near
        .filter(({ slot }) => this.sitesOf(slot).length)
        .map(({ slot }) => this.overviewAddress(slot, sampleIndex)),
    ]);
  }

  #weightsAddress(slot: Slot, site: number): string {
    return this.#address("weights", { step: slot.step, sample: this.store.sampleIndex, site, v: slot.record?.v });
  }

  #weights(
    slot: Slot,
    site: Site,
    siteIndex: number,
  ): [string, (url: string, signal: AbortSignal) => SiteWeights | Promise<SiteWeights>] {
    const { sampleIndex: sample } = this.store;
    return [
      this.#weightsAddress(slot, siteIndex),
      (key, signal) => {
        const array = this.#array(key, signal);
        if (!(array instanceof Promise)) return { slot, sample, site, siteIndex, array };
        return array.then((loaded) => ({ slot, sample, site, siteIndex, array: loaded }));
      },
    ];
  }

  #wantWeights(): void {
    const { view, slot, previousSlot, site, siteIndex, samples } = this.store;
    if (!showsWeights(view)) return;
    if (!site) {
      this.weights.clear();
      this.before.clear();
      return;
    }
    if (!slot?.record || !samples.length) return;
    this.weights.want(...this.#weights(slot, site, siteIndex));
    const index = previousSlot ? this.sitesOf(previousSlot).findIndex((other) => other.path === site.path) : -1;
    const before = index >= 0 ? this.sitesOf(previousSlot!)[index] : undefined;
    if (before) this.before.want(...this.#weights(previousSlot!, before, index));
    else this.before.clear();
  }

  #wantMeasures(): void {
    const { maps, sites, samples, sampleIndex } = this.store;
    if (!maps || !sites.length || !samples.length) return this.measures.clear();
    const url = this.#address("measures", { sample: sampleIndex, v: maps.version });
    this.measures.want(url, (key, signal) => this.#array(key, signal));
  }

  #wantMatrix(): void {
    const { view, matrixSlot, matricesName } = this.store;
    const series = JSON.stringify(matricesName);
    if (series !== this.#matrices) untrack(() => this.matrix.clear());
    this.#matrices = series;
    if (view !== "confusion") return;
    this.matrix.want(this.matrixAddress(matrixSlot), (key, signal) => this.#array(key, signal));
  }

  /** Where the matrix of a slot is fetched; null for none. */
  matrixAddress(slot: Slot | null): string | null {
    const record = slot?.record;
    const split = this.splitOf(record?.splits);
    const { matricesName } = this.store;
    return record && split && matricesName
      ? address("matrix", { ...matricesName, step: record.step, split, v: record.v })
      : null;
  }

  /** The matrix of a slot if it has been fetched already. */
  peekMatrix(slot: Slot | null): NpyArray | null {
    const url = this.matrixAddress(slot);
    return (url && this.store.server.client.peek(url)) || null;
  }

  /** The split chosen, else validation, else whatever there is. */
  splitOf(splits: Record<string, unknown> | undefined): string | null {
    const names = Object.keys(splits ?? {});
    return names.find((name) => name === this.split) ?? names.find((name) => name === "validation") ?? names[0] ?? null;
  }
}
