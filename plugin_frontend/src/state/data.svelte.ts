/** Fetches what is shown when a choice changes, and what will probably be shown next in advance. */
import { untrack } from "svelte";
import type { NumberArray } from "../api/npy";
import { featureMaps, type FeatureMaps } from "../model/features";
import { hasDrawn } from "../host/drawn";
import { Prefetcher } from "./prefetch.svelte";
import { ClassMeans } from "./classMeans.svelte";
import { Comparison } from "./comparison.svelte";
import type { ConfusionState } from "./confusionState.svelte";
import { PrefetchTargets } from "./prefetchTargets.svelte";
import { MapArrays, showsWeights } from "./mapArrays.svelte";
import { MeasuresOfSeries } from "./seriesMeasures.svelte";
import { QueryRows } from "./queryRows.svelte";
import { SiteArray } from "./siteArray.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class Data {
  readonly rows: QueryRows;
  readonly features: SiteArray<FeatureMaps | null>;
  readonly sink: SiteArray<NumberArray>;
  readonly classMeans: ClassMeans;
  readonly seriesMeasures: MeasuresOfSeries;
  readonly compare: Comparison;
  readonly prefetcher: Prefetcher;
  readonly prefetchTargets: PrefetchTargets;
  #series = "";
  #matrices = "";

  constructor(
    readonly of: SampleSelection,
    readonly maps: MapArrays,
    readonly confusion: ConfusionState,
  ) {
    this.prefetcher = new Prefetcher(of.server.client, hasDrawn);
    this.prefetchTargets = new PrefetchTargets(of, maps);
    this.rows = new QueryRows(of, maps);
    this.features = new SiteArray(of, "features", featureMaps);
    this.sink = new SiteArray(of, "sink", (_, shares) => shares);
    this.classMeans = new ClassMeans(of, maps);
    this.seriesMeasures = new MeasuresOfSeries(of);
    this.compare = new Comparison(of);
  }

  /** Whether what the view shows is being fetched. */
  get pending(): boolean {
    const { view } = this.of;
    if (view === "confusion") return this.confusion.frames.matrix.pending;
    return showsWeights(this.of) ? this.maps.weights.pending : this.maps.overview.pending;
  }

  start(): void {
    // Before the page is drawn anew: what takes time is on its way meanwhile.
    $effect.pre(() => this.#clearForAnotherSeries());
    $effect.pre(() => this.of.wantSamples());
    $effect.pre(() => this.maps.wantOverview());
    $effect.pre(() => this.maps.wantWeights());
    $effect(() => this.features.want());
    $effect(() => this.sink.want());
    $effect(() => this.maps.wantMeasures());
    $effect(() => this.#wantMatrix());
    $effect(() => {
      const { frames } = this.confusion;
      if (this.of.view === "confusion" && !frames.matrix.pending) frames.wantAll();
    });
    $effect(() => this.#fetchAhead());
    $effect(() => {
      if (this.of.server.recovered > 0) untrack(() => this.retry());
    });
  }

  /** Old pictures stay while the next step comes, but never under the names of another run. */
  #clearForAnotherSeries(): void {
    const series = JSON.stringify(this.of.mapsName);
    if (series === this.#series) return;
    this.#series = series;
    untrack(() => {
      this.of.clearSamples();
      this.maps.clear();
      this.features.shown.clear();
      this.sink.shown.clear();
      this.rows.clear();
      this.classMeans.shown.clear();
      this.seriesMeasures.shown.clear();
    });
  }

  retry(): void {
    this.of.retrySamples();
    this.maps.retry();
    this.rows.retry();
    this.classMeans.shown.retry();
    this.seriesMeasures.shown.retry();
    this.features.shown.retry();
    this.sink.shown.retry();
    this.compare.weights.retry();
    this.prefetcher.forget();
    this.confusion.retry();
    this.of.server.refresh();
    this.of.wantSamples();
    this.maps.wantOverview();
    this.maps.wantWeights();
    this.features.want();
    this.sink.want();
    this.maps.wantMeasures();
    this.#wantMatrix();
  }

  /** Fetches what is likely next; while something is awaited, only stops what no longer is. */
  #fetchAhead(): void {
    const { maps, prefetchTargets } = this;
    const awaited =
      !this.of.samples.length || maps.overview.pending || maps.weights.pending || this.confusion.frames.matrix.pending;
    const shows = showsWeights(this.of);
    this.prefetcher.want(
      prefetchTargets.weights(shows),
      prefetchTargets.overviews(),
      awaited,
      shows ? prefetchTargets.packed() : [],
    );
  }

  #wantMatrix(): void {
    const { view, matricesName } = this.of;
    const series = JSON.stringify(matricesName);
    if (series !== this.#matrices) untrack(() => this.confusion.clear());
    this.#matrices = series;
    if (view === "confusion" || view === "sample") this.confusion.frames.wantMatrix();
  }
}
