/** The other side of a comparison: another step of this run, or a step of another run, of the same site and sample. */
import { obstructionText } from "../model/sentences";
import { address } from "../api/client";
import { ranges } from "../api/ranges";
import type { SamplesAnswer, Site } from "../api/wire";
import { averagedSamples } from "../model/averages";
import { entriesOf, newestAttempt, pickSeries } from "../model/runs";
import { shortStepName, slotAt, slotsOf, type Slot } from "../model/timeline";
import { mapShape } from "../model/maps";
import { Resource } from "./resource.svelte";
import type { SiteWeights } from "./mapArrays.svelte";
import type { SeriesName } from "./server.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class Comparison {
  readonly weights = new Resource<SiteWeights>();
  readonly samples = new Resource<SamplesAnswer>();

  /** The run of A; this one unless another is chosen. */
  readonly run: string | null = $derived.by(() => this.of.choices.versusRun ?? this.of.run?.run ?? null);
  readonly #entry = $derived.by(() => {
    const run = this.of.server.runs?.runs.find((other) => other.run === this.run) ?? null;
    const tag = this.of.mapsName?.tag ?? null;
    return pickSeries(entriesOf(run, "attention"), tag, "attention");
  });
  readonly name: SeriesName | null = $derived.by(() => {
    if (this.run === this.of.run?.run) return this.of.mapsName;
    return this.#entry && this.run
      ? { run: this.run, tag: this.#entry.tag, attempt: newestAttempt(this.#entry) }
      : null;
  });
  readonly series = $derived.by(() => this.of.server.series(this.name));
  readonly slots: Slot[] = $derived(this.series ? slotsOf(this.series) : []);
  /** Of this run the first step, of another run its step of the same number, unless one is chosen. */
  readonly slot: Slot | null = $derived.by(() => {
    const { versus } = this.of.choices;
    if (versus !== null) return this.slots[slotAt(this.slots, versus)] ?? null;
    const same = this.run === this.of.run?.run;
    const wanted = same
      ? this.slots.find((slot) => slot.record)
      : this.slots[slotAt(this.slots, this.of.slot?.step ?? null)];
    return wanted ?? null;
  });
  readonly #sites: Site[] = $derived(this.series?.site_sets[this.slot?.record?.sites ?? -1] ?? []);
  readonly siteIndex = $derived.by(() => this.#sites.findIndex((site) => site.path === this.of.site?.path));
  readonly sampleIndex = $derived.by(() => {
    if (!this.slot?.record?.samples || this.slot.record.samples === this.of.record?.samples) return this.of.sampleIndex;
    return (this.samples.value?.samples ?? []).findIndex((sample) => sample.id === this.of.sample?.id);
  });
  /** The samples of A that are averaged, of those that B tracks too. */
  readonly #averaged: number[] = $derived.by(() => {
    const { of, slot } = this;
    const same = !slot?.record?.samples || slot.record.samples === of.record?.samples;
    const samples = same ? of.samples : (this.samples.value?.samples ?? []);
    const tracked = new Set(of.samples.map(({ id }) => id));
    const found = averagedSamples(of.averaging.average, samples, of.sample, slot?.record ?? null);
    return found.filter((index) => tracked.has(samples[index]!.id));
  });
  readonly label = $derived.by(() => {
    const step = this.slot ? shortStepName(this.slot) : "";
    const name = this.run === this.of.run?.run ? step : `${this.run}, ${step}`;
    return this.of.averaging.ofMaps ? `${name} (${this.#averaged.length} samples)` : name;
  });
  /** Why there is nothing to compare with, in a sentence. */
  readonly problem: string | null = $derived.by(() => {
    if (!this.series) return null;
    if (this.siteIndex < 0)
      return obstructionText({ why: "no layer", run: this.run ?? "", path: this.of.site?.path ?? "" });
    const [a, b] = [this.#sites[this.siteIndex], this.of.site];
    if (a && b && JSON.stringify(mapShape(a)) !== JSON.stringify(mapShape(b)))
      return obstructionText({ why: "other sizes" });
    if (this.of.averaging.ofMaps) return this.#averaged.length ? null : `${this.label} has no such sample.`;
    if (this.sampleIndex < 0 && this.samples.value)
      return obstructionText({ why: "no such sample", run: this.run ?? "" });
    return null;
  });
  constructor(readonly of: SampleSelection) {}

  /** Asks for what the comparison needs; to be called in an effect of the view. */
  want(): void {
    const { name, slot, of } = this;
    if (name && this.#entry && this.run !== of.run?.run) of.server.want(name, this.#entry.version);
    const set = slot?.record?.samples;
    if (name && set && set !== of.record?.samples) {
      const params = { ...name, set, v: set };
      this.samples.want(address("samples", params), (_, signal) => of.server.client.samples(params, signal));
    }
    const site = this.#sites[this.siteIndex];
    const samples = of.averaging.ofMaps ? this.#averaged : [this.sampleIndex];
    const [sample = -1] = samples;
    if (!name || !slot?.record || !site || sample < 0 || this.problem) return this.weights.clear();
    const [siteIndex, count] = [this.siteIndex, samples.length];
    const which = of.averaging.ofMaps ? { samples: ranges(samples) } : { sample };
    const url = address("weights", { ...name, step: slot.step, ...which, site: siteIndex, v: slot.record.v });
    this.weights.want(url, async (key, signal) => {
      const array = await of.server.client.array(key, signal);
      return { slot, sample, count, site, siteIndex, array };
    });
  }
}
