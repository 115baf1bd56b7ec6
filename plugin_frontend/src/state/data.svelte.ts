/** The arrays of what is shown: fetched when a choice changes, and the neighbours in advance. */
import { hasDrawn } from "../host/drawn";
import { untrack } from "svelte";
import { address, type Params } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { SamplesAnswer, Site } from "../api/wire";
import type { Slot } from "../model/timeline";
import type { AttentionMap } from "../model/maps";
import { overviewMaps } from "../model/pooled";
import { Ahead } from "./ahead.svelte";
import { Compare } from "./compare.svelte";
import { Features } from "./features.svelte";
import { Likely } from "./likely.svelte";
import { Recent } from "./recent";
import { Resource } from "./resource.svelte";
import { Rows } from "./rows.svelte";
import { Sink } from "./sink.svelte";
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

/** Views that draw the weights of one site, not only the pooled overview of all. */
function showsWeights({ view, onlyEvents }: { view: View; onlyEvents: boolean }): boolean {
  if (onlyEvents) return false;
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

  readonly rows: Rows;
  readonly features: Features;
  readonly sink: Sink;
  readonly compare: Compare;
  readonly ahead: Ahead;
  readonly likely: Likely;
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
  /** The pictures drawn last, and the maps of one head in others (the film's frames): four bytes a weight, of which few are kept. */
  #pictures = new Recent<AttentionMap[][]>(4);
  #frames = new Recent<AttentionMap | null>(256);

  constructor(readonly store: Store) {
    this.ahead = new Ahead(store.server.client, hasDrawn);
    this.likely = new Likely(store);
    this.rows = new Rows(store);
    this.features = new Features(store);
    this.sink = new Sink(store);
    this.compare = new Compare(store);
  }

  /** Whether what the view shows is being fetched. */
  get pending(): boolean {
    const { view } = this.store;
    if (view === "confusion") return this.matrix.pending;
    return showsWeights(this.store) ? this.weights.pending : this.overview.pending;
  }

  start(): void {
    $effect(() => this.#clearForAnotherSeries());
    $effect(() => this.#wantSamples());
    $effect(() => this.#wantOverview());
    $effect(() => this.#wantWeights());
    $effect(() => this.features.want());
    $effect(() => this.sink.want());
    $effect(() => this.#wantMeasures());
    $effect(() => this.#wantMatrix());
    $effect(() => {
      if (this.store.view === "confusion" && !this.matrix.pending) this.store.confusion.frames.want();
    });
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
      this.sink.shown.clear();
      this.rows.clear();
    });
  }

  retry(): void {
    for (const resource of this.#resources) resource.retry();
    this.rows.retry();
    this.features.shown.retry();
    this.sink.shown.retry();
    this.compare.weights.retry();
    this.ahead.forget();
    this.store.confusion.retry();
    this.store.server.refresh();
    this.#wantSamples();
    this.#wantOverview();
    this.#wantWeights();
    this.features.want();
    this.sink.want();
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
    this.samples.want(samplesAddress, (_, signal) => client.samples(params, signal));
    const answer = this.samples.value;
    if (!answer || this.samples.key !== samplesAddress) return;
    const thumbnails = answer.thumbnails ? address("thumbnails", params) : null;
    this.thumbnails.want(thumbnails, (url, signal) => this.#array(url, signal));
    const { sampleIndex } = this.store;
    const input = this.pictureInput;
    const url = input < 0 ? null : address("image", { ...params, sample: sampleIndex, input });
    this.picture.want(url, (key, signal) => this.#array(key, signal));
  }

  /** The input whose picture is shown beside the map: the one that the site's keys lie in, or its queries, else the first picture; -1 for none. */
  get pictureInput(): number {
    const inputs = this.store.sample?.inputs ?? [];
    const axes = this.store.site?.axes ?? [];
    for (const role of ["key", "query"] as const) {
      const named = axes.find((axis) => axis.role === role)?.input ?? null;
      if (named !== null && inputs[named]?.kind === "image") return named;
    }
    return inputs.findIndex((input) => input.kind === "image");
  }

  overviewAddress(slot: Slot, sample: number): string {
    return this.#address("overview", { step: slot.step, sample, v: slot.record?.v });
  }

  /** The pooled map of one head at a slot if it has been fetched already. */
  peekHead(slot: Slot, sample: number, place: number, head: number): AttentionMap | null {
    const site = this.sitesOf(slot)[place];
    const array = slot.record && site && this.store.server.client.peek(this.overviewAddress(slot, sample));
    if (!array) return null;
    // Without what it was decoded from, which the client may have let go of by then.
    const make = () => {
      const map = overviewMaps(site, array.data)[head];
      return map ? { rows: map.rows, columns: map.columns, weights: map.weights } : null;
    };
    return this.#frames.get(array, make, `${site.path} ${head}`);
  }

  sitesOf(slot: Slot): Site[] {
    return this.store.maps?.site_sets[slot.record?.sites ?? -1] ?? [];
  }

  #overview(slot: Slot, sample: number, sites: Site[], array: NpyArray): OverviewPicture {
    const maps = this.#pictures.get(array, () => sites.map((site) => overviewMaps(site, array.data)));
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

  /** Fetches what is likely next; while something is awaited, only stops what no longer is. */
  #fetchAhead(): void {
    const awaited = !this.store.samples.length || this.overview.pending || this.weights.pending || this.matrix.pending;
    this.ahead.want(this.likely.weights(showsWeights(this.store)), this.likely.overviews(), awaited);
  }

  weightsAddress(slot: Slot, site: number, sample: number): string {
    return this.#address("weights", { step: slot.step, sample, site, v: slot.record?.v });
  }

  #weights(
    slot: Slot,
    site: Site,
    siteIndex: number,
  ): [string, (url: string, signal: AbortSignal) => SiteWeights | Promise<SiteWeights>] {
    const { sampleIndex: sample } = this.store;
    return [
      this.weightsAddress(slot, siteIndex, sample),
      (key, signal) => {
        const array = this.#array(key, signal);
        if (!(array instanceof Promise)) return { slot, sample, site, siteIndex, array };
        return array.then((loaded) => ({ slot, sample, site, siteIndex, array: loaded }));
      },
    ];
  }

  #wantWeights(): void {
    const { slot, previousSlot, site, siteIndex, samples } = this.store;
    if (!showsWeights(this.store)) return;
    if (!site) {
      this.weights.clear();
      this.before.clear();
      return;
    }
    if (!slot?.record || !samples.length) return;
    this.weights.want(...this.#weights(slot, site, siteIndex));
    // What a person waits for comes first, and has the line for itself.
    if (this.weights.pending) return;
    const index = previousSlot ? this.sitesOf(previousSlot).findIndex((other) => other.path === site.path) : -1;
    // Another step has other examples: none of them is this one a step before.
    const known = index >= 0 && !this.store.showsExamples;
    const before = known ? this.sitesOf(previousSlot!)[index] : undefined;
    if (before) this.before.want(...this.#weights(previousSlot!, before, index));
    else this.before.clear();
  }

  #wantMeasures(): void {
    const { maps, sites, samples, sampleIndex, showsExamples } = this.store;
    if (!maps || showsExamples || !sites.length || !samples.length) return this.measures.clear();
    const url = this.#address("measures", { sample: sampleIndex, v: maps.version });
    this.measures.want(url, (key, signal) => this.#array(key, signal));
  }

  #wantMatrix(): void {
    const { view, matrixSlot, matricesName } = this.store;
    const series = JSON.stringify(matricesName);
    if (series !== this.#matrices) {
      untrack(() => {
        this.matrix.clear();
        this.store.confusion.clear();
      });
    }
    this.#matrices = series;
    if (view !== "confusion" && view !== "sample") return;
    this.matrix.want(
      this.matrixAddress(matrixSlot),
      (key, signal) => this.store.confusion.frames.of(key) ?? this.#array(key, signal),
    );
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
    return (url && (this.store.confusion.frames.of(url) ?? this.store.server.client.peek(url))) || null;
  }

  /** The split chosen, else validation, else whatever there is. */
  splitOf(splits: Record<string, unknown> | undefined): string | null {
    const names = Object.keys(splits ?? {});
    return (
      names.find((name) => name === this.store.choices.split) ??
      names.find((name) => name === "validation") ??
      names[0] ??
      null
    );
  }
}
