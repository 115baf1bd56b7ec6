/** Where the model looked in an example of the kept cell, and on average in correctly classified examples. */
import { kindWords } from "../model/kindWords";
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { Sample, Site } from "../api/wire";
import type { Cell } from "../model/confusion";
import { mapOf, mapShape } from "../model/maps";
import { meanRow } from "../model/pool";
import { positionsOf, type Positions } from "../model/positions";
import type { DisplayedMatrix } from "./displayedMatrix.svelte";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

/** An example with its attention, where that was kept. */
export interface AttentionSource {
  /** Its index among the samples of its series. */
  index: number;
  /** Over all steps; the others were kept at this step. */
  tracked: boolean;
  /** Whether its attention was kept. */
  looked: boolean;
  sample: Sample | null;
}

/** Where the model looked in one example, or on average in the correctly classified ones of a class: a weight for each key. */
export interface AttentionRow {
  site: Site;
  keys: Positions;
  row: Float32Array;
}

export class CellAttention {
  readonly #weights = new Resource<{ site: Site; sample: Sample | null; array: NpyArray }>();
  readonly #ofTruth = new Resource<{ site: Site; array: NpyArray }>();
  readonly #ofPrediction = new Resource<{ site: Site; array: NpyArray }>();

  /** `entry`: the example that is looked at. */
  constructor(
    readonly store: SampleSelection,
    readonly of: DisplayedMatrix,
    readonly entry: () => AttentionSource | null,
  ) {}

  /** The layers of the kept examples; of the tracked ones those of the maps. */
  readonly sites: Site[] = $derived.by(() => {
    const { store } = this;
    if (this.entry()?.tracked) return store.sites;
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
    if (!this.site.axes.some((axis) => axis.role === "query")) return `the ${kindWords(this.site).value}s`;
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

  /** Asks for the attention of the chosen example and for the means of two classes. */
  want(cell: Cell | null): void {
    const { store, of, site, siteIndex } = this;
    const entry = this.entry();
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

  clear(): void {
    for (const resource of [this.#weights, this.#ofTruth, this.#ofPrediction]) resource.clear();
  }
}
