/** The other side of a comparison, A: another step, a step of another run, another head, or another sample. */
import { address, type Params } from "../api/client";
import type { NpyArray } from "../api/npy";
import { ranges } from "../api/ranges";
import type { Sample, SamplesAnswer, Site } from "../api/wire";
import { averagedSamples, obstacleOf } from "../model/averages";
import { headName } from "../model/heads";
import { mapShape, sameAxes } from "../model/maps";
import { overviewMaps } from "../model/overviewMaps";
import { entriesOf, newestAttempt, pickSeries } from "../model/runs";
import { sampleName } from "../model/samples";
import { obstructionText } from "../model/sentences";
import { shortStepName, slotAt, slotsOf, type Slot } from "../model/timeline";
import { Resource } from "./resource.svelte";
import type { OverviewPicture, SiteWeights } from "./mapArrays.svelte";
import type { SeriesName } from "./server.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class Comparison {
  readonly weights = new Resource<SiteWeights>();
  readonly overview = new Resource<OverviewPicture>();
  readonly samples = new Resource<SamplesAnswer>();
  readonly picture = new Resource<NpyArray>();

  /** In what A differs from B. */
  readonly by = $derived.by(() => {
    const { versusRun, options } = this.of.choices;
    return options.values.compare === "steps" && versusRun !== null ? "runs" : options.values.compare;
  });
  /** The runs with maps. */
  readonly runs = $derived.by(() =>
    (this.of.server.runs?.runs ?? []).filter((run) => entriesOf(run, "attention").length).map(({ run }) => run),
  );
  /** The run of A; where another is wanted and none is chosen, the first other one. */
  readonly run: string | null = $derived.by(() => {
    const own = this.of.run?.run ?? null;
    if (this.by !== "runs") return own;
    return this.of.choices.versusRun ?? this.runs.find((run) => run !== own) ?? own;
  });
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
    if (this.by === "heads" || this.by === "samples") return this.of.slot;
    if (versus !== null) return this.slots[slotAt(this.slots, versus)] ?? null;
    const same = this.run === this.of.run?.run;
    const wanted = same
      ? this.slots.find((slot) => slot.record)
      : this.slots[slotAt(this.slots, this.of.slot?.step ?? null)];
    return wanted ?? null;
  });
  readonly sites: Site[] = $derived(this.series?.site_sets[this.slot?.record?.sites ?? -1] ?? []);
  readonly siteIndex = $derived.by(() => {
    const { versusSite } = this.of.choices;
    const path = (this.by === "heads" ? versusSite : null) ?? this.of.site?.path;
    return this.sites.findIndex((site) => site.path === path);
  });
  readonly site: Site | null = $derived(this.sites[this.siteIndex] ?? null);
  /** Where another head is wanted and none is chosen, the next one of the layer. */
  readonly head = $derived.by(() => {
    if (this.by !== "heads") return this.of.head;
    const heads = this.site ? mapShape(this.site).heads : 1;
    return Math.min(this.of.choices.versusHead ?? (this.of.head + 1) % heads, heads - 1);
  });
  /** The samples of A's step. */
  readonly #listed: Sample[] = $derived.by(() => {
    const same = !this.slot?.record?.samples || this.slot.record.samples === this.of.record?.samples;
    return same ? this.of.samples : this.of.asDrawn(this.samples.value?.samples ?? []);
  });
  readonly sampleIndex = $derived.by(() => {
    const { of } = this;
    const next = of.samples[(of.sampleIndex + 1) % Math.max(1, of.samples.length)]?.id;
    const wanted = this.by === "samples" ? (of.choices.versusSample ?? next) : of.sample?.id;
    return this.#listed.findIndex((sample) => sample.id === wanted);
  });
  readonly sample: Sample | null = $derived(this.#listed[this.sampleIndex] ?? null);
  /** The samples of A that are averaged, of those that B tracks too. */
  readonly #averaged: number[] = $derived.by(() => {
    const { of, slot } = this;
    const tracked = new Set(of.samples.map(({ id }) => id));
    const found = averagedSamples(of.averaging.average, this.#listed, of.sample, slot?.record ?? null);
    return found.filter((index) => tracked.has(this.#listed[index]!.id));
  });
  readonly #which: { samples: number[]; params: Params } = $derived.by(() => {
    if (this.of.averaging.ofMaps) return { samples: this.#averaged, params: { samples: ranges(this.#averaged) } };
    const { sampleIndex } = this;
    return { samples: sampleIndex < 0 ? [] : [sampleIndex], params: { sample: sampleIndex } };
  });
  readonly label = $derived.by(() => {
    const step = this.slot ? shortStepName(this.slot) : "";
    if (this.by === "heads") return headName(this.sites, this.siteIndex, this.head);
    if (this.by === "samples") return this.sample ? sampleName(this.sample, this.of.classNames) : "";
    const name = this.run === this.of.run?.run ? step : `${this.run}, ${step}`;
    return this.of.averaging.ofMaps ? `${name} (${this.#averaged.length} samples)` : name;
  });
  /** Why there is nothing to compare with, in a sentence. */
  readonly problem: string | null = $derived.by(() => {
    if (!this.series) return null;
    const [a, b, run] = [this.site, this.of.site, this.run ?? ""];
    if (!a) return obstructionText({ why: "no layer", run, path: this.of.site?.path ?? "" });
    if (b && JSON.stringify(mapShape(a)) !== JSON.stringify(mapShape(b)))
      return obstructionText({ why: "other sizes" });
    if (b && a.path !== b.path && !sameAxes(a, b)) return obstructionText({ why: "other positions" });
    const known = this.#listed.length > 0;
    if (!this.#which.samples.length) return known ? obstructionText({ why: "no such sample", run }) : null;
    if (this.by !== "samples" || !this.sample || !this.of.sample) return null;
    const obstacle = obstacleOf(a, [this.sample, this.of.sample]);
    return obstacle && obstructionText({ why: "other samples", obstacle });
  });

  constructor(readonly of: SampleSelection) {}

  /** Asks for what the comparison needs; to be called in an effect of the view. */
  want(): void {
    const { name, slot, of, by } = this;
    if (name && this.#entry && this.run !== of.run?.run) of.server.want(name, this.#entry.version);
    const set = slot?.record?.samples;
    if (name && set && set !== of.record?.samples) {
      const params = { ...name, set, v: set };
      this.samples.want(address("samples", params), (_, signal) => of.server.client.samples(params, signal));
    }
    const input = by === "samples" && set && this.sample && !this.problem ? of.pictureInput : -1;
    const image = { ...name, set, v: set, sample: this.sampleIndex, input };
    this.picture.want(input < 0 ? null : address("image", image), (url, signal) => of.server.client.get(url, signal));
    this.#wantMaps();
  }

  #wantMaps(): void {
    const { name, slot, of, site, siteIndex, sites } = this;
    const { samples, params } = this.#which;
    const [sample = -1] = samples;
    if (!name || !slot?.record || !site || sample < 0 || this.problem) {
      this.weights.clear();
      this.overview.clear();
      return;
    }
    const count = samples.length;
    const shared = { ...name, step: slot.step, ...params, v: slot.record.v };
    this.weights.want(address("weights", { ...shared, site: siteIndex }), async (key, signal) => {
      const array = await of.server.client.array(key, signal);
      return { slot, sample, count, site, siteIndex, array };
    });
    if (this.weights.pending) return;
    const [url, padded] = [address("overview", shared), this.#listed[sample] ?? null];
    this.overview.want(`${url} ${of.choices.options.values.padding}`, async (_, signal) => {
      const { data } = await of.server.client.array(url, signal);
      return { slot, sample, sites, maps: sites.map((each) => overviewMaps(each, data, padded)) };
    });
  }
}
