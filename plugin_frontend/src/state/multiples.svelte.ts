/** The open head in each of the chosen runs: the same layer by its path, the same sample by its id. */
import { obstructionText } from "../model/sentences";
import { untrack } from "svelte";
import { address } from "../api/client";
import type { SamplesAnswer, SeriesAnswer, Site } from "../api/wire";
import { flatHead } from "../model/heads";
import { mapShape, type AttentionMap } from "../model/maps";
import { isMeasured, measureAt, largestOf, type Measures } from "../model/measures";
import { overviewMaps } from "../model/overviewMaps";
import { entriesOf, newestAttempt, pickSeries } from "../model/runs";
import { bestSlot, joinedSlot, metricNames, slotAt, slotsOf, type Slot } from "../model/timeline";
import { Resource } from "./resource.svelte";
import type { SeriesName } from "./server.svelte";
import type { Store } from "./store.svelte";

export interface PanelMap {
  slot: Slot;
  site: Site;
  head: number;
  map: AttentionMap;
}

/** One run of the multiples. */
export class RunPanel {
  readonly shown = new Resource<PanelMap>();
  readonly samples = new Resource<SamplesAnswer>();
  readonly values = new Resource<Measures>();

  readonly #entry = $derived.by(() => {
    const run = this.store.server.runs?.runs.find((other) => other.run === this.run) ?? null;
    return pickSeries(entriesOf(run, "attention"), this.store.mapsName?.tag ?? null, "attention");
  });
  readonly name: SeriesName | null = $derived.by(() => {
    if (this.run === this.store.run?.run) return this.store.mapsName;
    return this.#entry && { run: this.run, tag: this.#entry.tag, attempt: newestAttempt(this.#entry) };
  });
  readonly series: SeriesAnswer | null = $derived.by(() => this.store.server.series(this.name));
  readonly slot: Slot | null = $derived.by(() => (this.series ? this.#slotOf(this.series) : null));
  readonly #sites: Site[] = $derived(this.series?.site_sets[this.slot?.record?.sites ?? -1] ?? []);
  readonly siteIndex = $derived.by(() => this.#sites.findIndex((site) => site.path === this.store.site?.path));
  readonly site: Site | null = $derived(this.#sites[this.siteIndex] ?? null);
  readonly sampleIndex = $derived.by(() => {
    const [set, own] = [this.slot?.record?.samples, this.store.record?.samples];
    // The name of the set is a hash of what is in it.
    if (!set || set === own) return set || !own ? this.store.sampleIndex : -1;
    return (this.samples.value?.samples ?? []).findIndex((sample) => sample.id === this.store.sample?.id);
  });
  /** Why there is no map, in a sentence. */
  readonly problem: string | null = $derived.by(() => {
    if (!this.#entry) return obstructionText({ why: "nothing logged" });
    if (!this.series) return null;
    if (!this.slot?.record) return obstructionText({ why: "no readable step" });
    const path = this.store.site?.path ?? "";
    if (!this.site) return obstructionText({ why: "no layer", path });
    const { heads } = mapShape(this.site);
    if (this.store.head >= heads) return obstructionText({ why: "fewer heads", path, site: this.site, heads });
    if (this.sampleIndex < 0 && (this.samples.value || !this.slot.record.samples))
      return obstructionText({ why: "no such sample" });
    return null;
  });
  readonly error = $derived.by(() => this.shown.error ?? this.samples.error);

  constructor(
    readonly store: Store,
    readonly run: string,
  ) {}

  #slotOf(series: SeriesAnswer): Slot | null {
    const slots = slotsOf(series);
    const now = this.store.slot;
    const last = slots[slotAt(slots, null)] ?? null;
    switch (this.store.choices.options.values.runsAt) {
      case "best":
        return slots[bestSlot(slots, series, metricNames(slots))] ?? last;
      case "newest":
        return last;
      default:
        return now && (slots[joinedSlot(slots, now)] ?? slots[slotAt(slots, now.step)] ?? null);
    }
  }

  /** Value of a measure of the head at the step that is shown; NaN until it has come. */
  measure(name: string): number {
    const { value } = this.values;
    if (!value || !this.series || !this.slot?.record || this.siteIndex < 0) return NaN;
    return measureAt(value, this.series.steps.indexOf(this.slot.record), this.#flat(), name);
  }

  /** Whether the measures of the step are known. */
  get isMeasured(): boolean {
    const step = this.series && this.slot?.record ? this.series.steps.indexOf(this.slot.record) : -1;
    return this.siteIndex >= 0 && isMeasured(this.values.value, step);
  }

  /** Of all steps, so that the colours do not change with the step. */
  get largest(): number {
    if (!this.values.value || this.siteIndex < 0) return NaN;
    return largestOf(this.values.value, "largest", this.#flat(), this.#flat() + 1);
  }

  #flat(): number {
    return flatHead(this.#sites, { site: this.siteIndex, head: this.store.head });
  }

  /** Asks for what the panel shows; to be called in an effect. */
  want(): void {
    const { name, slot, store, series, site } = this;
    const { client } = store.server;
    if (name && this.#entry) store.server.want(name, this.#entry.version);
    const set = slot?.record?.samples;
    if (name && set && set !== store.record?.samples) {
      const params = { ...name, set, v: set };
      this.samples.want(address("samples", params), (_, signal) => client.samples(params, signal));
    }
    const sample = this.sampleIndex;
    if (!name || !series || !slot?.record || !site || sample < 0 || this.problem) return this.shown.clear();
    const [at, head, padded] = [slot, store.head, store.sample];
    const url = address("overview", { ...name, step: at.step, sample, v: slot.record.v });
    this.shown.want(`${url} ${site.path} ${head} ${store.choices.options.values.padding}`, async (_, signal) => {
      const { data } = await client.array(url, signal);
      const map = overviewMaps(site, data, padded)[head];
      if (!map) throw new Error("The step has no overview.");
      return { slot: at, site, head, map: { rows: map.rows, columns: map.columns, weights: map.weights } };
    });
    this.values.want(address("measures", { ...name, sample, v: series.version }), async (key, signal) => ({
      array: await client.array(key, signal),
      names: series.measures,
    }));
  }

  /** Wants nothing any more. */
  close(): void {
    for (const resource of [this.shown, this.samples, this.values]) resource.clear();
  }
}

export class Multiples {
  panels = $state.raw<RunPanel[]>([]);

  constructor(readonly store: Store) {}

  /** Keeps one panel for each chosen run; to be called in an effect of the view. */
  want(): void {
    const { chosen } = this.store.runList;
    const old = untrack(() => this.panels);
    if (old.length !== chosen.length || old.some((panel, i) => panel.run !== chosen[i])) {
      for (const panel of old) if (!chosen.includes(panel.run)) panel.close();
      const panels = chosen.map((run) => old.find((panel) => panel.run === run) ?? new RunPanel(this.store, run));
      untrack(() => (this.panels = panels));
    }
    for (const panel of this.panels) panel.want();
  }

  close(): void {
    for (const panel of this.panels) panel.close();
    this.panels = [];
  }
}
