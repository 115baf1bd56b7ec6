/** The examples of the kept cell, where the model looked in one of them, and on average in correctly classified ones. */
import { untrack } from "svelte";
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import { toNumber, type ExamplesAnswer, type Sample, type SamplesAnswer, type Site, type Step } from "../api/wire";
import type { Cell } from "../model/confusion";
import { mapOf, mapShape } from "../model/maps";
import { meanRow } from "../model/pool";
import { positionsOf, type Positions } from "../model/positions";
import { NO_FILTER } from "../model/samples";
import { joinedSlot, slotsOf } from "../model/timeline";
import { Resource } from "./resource.svelte";
import type { DisplayedMatrix } from "./displayedMatrix.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

/** An example of the cell: one that is tracked over all steps, or one that was kept at this step. */
export interface CellExample {
  id: string;
  /** Its index among the samples of its series. */
  index: number;
  tracked: boolean;
  /** Whether its attention was kept. */
  looked: boolean;
  sample: Sample | null;
  probability: number;
  loss: number;
  random: boolean;
}

/** Where the model looked in one example, or on average in the correctly classified ones of a class: a weight for each key. */
export interface AttentionRow {
  site: Site;
  keys: Positions;
  row: Float32Array;
}

export class CellExamples {
  readonly answer = new Resource<ExamplesAnswer>();
  readonly samples = new Resource<SamplesAnswer>();
  readonly thumbnails = new Resource<NpyArray>();
  readonly #weights = new Resource<{ site: Site; sample: Sample | null; array: NpyArray }>();
  readonly #ofTruth = new Resource<{ site: Site; array: NpyArray }>();
  readonly #ofPrediction = new Resource<{ site: Site; array: NpyArray }>();
  /** The id of the example that is looked at; null for the first. */
  chosen = $state.raw<string | null>(null);
  /** Where the user came from, while an example that was kept is shown as a sample. */
  opened = $state.raw<{ cell: Cell; tag: string | null; step: Step | null; from: string } | null>(null);

  constructor(
    readonly store: SampleSelection,
    readonly of: DisplayedMatrix,
  ) {}

  readonly entries: CellExample[] = $derived.by(() => {
    const { store } = this;
    if (!store.keptCell) return [];
    const tracked = store.showsExamples
      ? []
      : store.shownSamples.map(({ sample, index, prediction }) => ({
          id: sample.id,
          index,
          tracked: true,
          looked: store.mapsName !== null && index < (store.record?.sample_count ?? 0),
          sample,
          probability: toNumber(prediction?.probability),
          loss: NaN,
          random: false,
        }));
    const ids = new Set(tracked.map(({ id }) => id));
    const answer = this.answer.value;
    const kept = (answer?.examples ?? [])
      .filter(({ id }) => !ids.has(id))
      .map((each) => ({
        id: each.id,
        index: each.sample,
        tracked: false,
        looked: each.sample < (answer?.sample_count ?? 0),
        sample: this.samples.value?.samples[each.sample] ?? null,
        probability: toNumber(each.probability),
        loss: toNumber(each.loss),
        random: each.kept === "random",
      }));
    // Those that can be looked into first, and of them the most certain.
    const rank = (entry: CellExample) => (entry.tracked ? 0 : entry.looked ? 1 : 2);
    return [...tracked, ...kept].sort((a, b) => rank(a) - rank(b));
  });
  readonly entry: CellExample | null = $derived(
    this.entries.find(({ id }) => id === this.chosen) ?? this.entries[0] ?? null,
  );

  /** The layers of the kept examples; of the tracked ones those of the maps. */
  readonly sites: Site[] = $derived.by(() => {
    const { store } = this;
    if (this.entry?.tracked) return store.sites;
    return store.matrices?.site_sets[this.of.record?.sites ?? -1] ?? [];
  });
  readonly #keptSites: Site[] = $derived.by(() => this.store.matrices?.site_sets[this.of.record?.sites ?? -1] ?? []);
  /** The layer that the rail has chosen, if it is there, else the last. */
  readonly siteIndex = $derived.by(() => {
    const index = this.sites.findIndex((site) => site.path === this.store.site?.path);
    return index >= 0 ? index : this.sites.length - 1;
  });
  readonly site: Site | null = $derived(this.sites[this.siteIndex] ?? null);
  readonly head = $derived.by(() => {
    const heads = this.site ? mapShape(this.site).heads : 1;
    return Math.min(this.store.choices.head ?? 0, heads - 1);
  });

  #row(of: { site: Site; array: NpyArray } | null, sample: Sample | null, mean: boolean): AttentionRow | null {
    if (!of) return null;
    const { site, array } = of;
    const queries = positionsOf(site, "query", mean ? null : sample);
    const keys = positionsOf(site, "key", mean ? null : sample);
    const map = mapOf(site, array.data, {
      head: Math.min(this.head, mapShape(site).heads - 1),
      iteration: 0,
      window: 0,
    });
    // What the first extra token (CLS) looks at says most about the answer; without one, all queries on average.
    const [token] = queries.extra;
    const asked = token ? [token.position] : queries.shown;
    return { site, keys, row: meanRow(map, map.rows === 1 ? [0] : asked) };
  }
  /** Whose row it is, in words. */
  readonly query: string = $derived.by(() => {
    if (!this.site) return "";
    if (!this.site.axes.some((axis) => axis.role === "query"))
      return this.site.kind === "gate" ? "what is let through" : "the values";
    return positionsOf(this.site, "query", null).extra[0]?.name ?? "all queries, on average";
  });
  readonly own: AttentionRow | null = $derived.by(() =>
    this.#row(this.#weights.value, this.#weights.value?.sample ?? null, false),
  );
  readonly ofTruth: AttentionRow | null = $derived.by(() => this.#row(this.#ofTruth.value, null, true));
  readonly ofPrediction: AttentionRow | null = $derived.by(() => this.#row(this.#ofPrediction.value, null, true));
  meanCount(index: number): number {
    return this.of.record?.means?.find((mean) => mean.class === index)?.examples ?? 0;
  }

  /** The small picture of the chosen example; null where it has none. */
  readonly picture: NpyArray | null = $derived.by(() => {
    const { entry } = this;
    const all = entry?.tracked ? this.store.thumbnails.value : this.thumbnails.value;
    const [count = 0, ...shape] = all?.shape ?? [];
    if (!entry || !all || entry.index >= count) return null;
    const length = shape.reduce((a, b) => a * b, 1);
    return { shape, data: all.data.subarray(entry.index * length, (entry.index + 1) * length) };
  });

  /** Asks for the examples of the kept cell; to be called in an effect of the view. */
  want(): void {
    const { store, of } = this;
    const { matricesName, keptCell } = store;
    const { record } = of;
    if (!record || !matricesName || !keptCell || !record.examples) {
      for (const resource of [this.answer, this.samples, this.thumbnails]) resource.clear();
      return;
    }
    const client = store.server.client;
    const params = { ...matricesName, step: record.step, ...keptCell, v: record.v };
    this.answer.want(address("examples", params), (_, signal) =>
      client.json<ExamplesAnswer>("examples", params, signal),
    );
    const set = record.samples;
    if (!set) return;
    const files = { ...matricesName, set, v: set };
    this.samples.want(address("samples", files), (_, signal) => client.samples(files, signal));
    const pictures = this.samples.value?.thumbnails ? address("thumbnails", files) : null;
    this.thumbnails.want(pictures, (url, signal) => client.get(url, signal));
  }

  /** Asks for the attention of the chosen example and for the means of two classes. */
  wantLooked(cell: Cell | null): void {
    const { store, of, entry, site, siteIndex } = this;
    const client = store.server.client;
    const fetch = (url: string, signal: AbortSignal) => client.get(url, signal);
    const slot = entry?.tracked ? store.slot : of.slot;
    const series = entry?.tracked ? store.mapsName : store.matricesName;
    if (!entry?.looked || !site || !slot?.record || !series) this.#weights.clear();
    else {
      const sample = entry.sample;
      const url = address("weights", {
        ...series,
        step: slot.step,
        sample: entry.index,
        site: siteIndex,
        v: slot.record.v,
      });
      this.#weights.want(url, async (key, signal) => ({ site, sample, array: await fetch(key, signal) }));
    }
    this.wantMeans(cell);
  }

  /** Asks for the means over correctly classified examples of both classes of a cell. */
  wantMeans(cell: Cell | null): void {
    this.#wantMean(this.#ofTruth, cell?.truth ?? null);
    this.#wantMean(this.#ofPrediction, cell?.predicted ?? null);
  }

  #wantMean(resource: Resource<{ site: Site; array: NpyArray }>, index: number | null): void {
    const { store, of } = this;
    const wanted = this.site ?? store.site;
    const siteIndex = this.#keptSites.findIndex((site) => site.path === wanted?.path);
    const site = this.#keptSites[siteIndex];
    if (index === null || !of.record || !site || this.meanCount(index) === 0) return resource.clear();
    const params = { ...store.matricesName, step: of.record.step, class: index, site: siteIndex, v: of.record.v };
    resource.want(address("mean", params), async (url, signal) => {
      const client = store.server.client;
      return { site, array: await client.get(url, signal) };
    });
  }

  /** Shows an example as a sample, with its attention at this step. */
  open(entry: CellExample): void {
    const { store } = this;
    const cell = store.keptCell;
    if (!cell || !entry.looked) return;
    if (!entry.tracked && store.matricesName && this.of.slot) {
      this.opened ??= { cell, tag: store.choices.tag, step: store.choices.step, from: `${this.of.slot.step}` };
      store.choices.tag = store.matricesName.tag;
      if (store.choices.step !== null) store.choices.step = this.of.slot.step;
    } else this.opened = { cell, tag: store.choices.tag, step: null, from: "" };
    store.filter = NO_FILTER;
    store.choices.sample = entry.id;
    store.choices.view = "sample";
  }

  /** Back to the cell, at the step that the timeline has come to meanwhile. */
  back(): void {
    const { store, opened } = this;
    if (!opened) return;
    if (store.showsExamples) {
      const shown = store.slot;
      const following = store.choices.step === null;
      store.choices.tag = opened.tag;
      const series = store.maps;
      if (following) store.choices.step = opened.step;
      else if (shown && series) {
        const slots = slotsOf(series);
        store.choices.step = slots[joinedSlot(slots, shown)]?.step ?? shown.step;
      }
    }
    store.filter = { ...NO_FILTER, label: opened.cell.truth, prediction: opened.cell.predicted };
    store.choices.view = "confusion";
    this.opened = null;
  }

  clear(): void {
    const resources = [this.answer, this.samples, this.thumbnails, this.#weights, this.#ofTruth, this.#ofPrediction];
    untrack(() => resources.forEach((resource) => resource.clear()));
    this.chosen = null;
  }
}
