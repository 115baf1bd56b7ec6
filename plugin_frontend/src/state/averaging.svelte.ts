/** Whether a view shows one sample or the average over several, and over which. */
import type { Params } from "../api/client";
import { ranges } from "../api/ranges";
import type { Sample, StepRecord } from "../api/wire";
import { averagedSamples, obstacleOf, type Average, type Obstacle } from "../model/averages";
import type { AverageFacts } from "../model/sentences";
import { shortStepName, type Slot } from "../model/timeline";
import type { View } from "./choices.svelte";
import type { Selection } from "./selection.svelte";

const OF_A_SITE: View[] = ["head", "compare"];
const OF_ALL_SITES: View[] = ["overview", "epochs"];
const OF_ONE_SAMPLE: View[] = ["sample", "runs"];

export class Averaging {
  readonly average: Average = $derived.by(() => this.of.choices.options.values.average);
  /** What was found for a step: the film and prefetching ask for all of them, again and again. */
  readonly #known: Map<StepRecord | null, number[]> = $derived.by(() => {
    void [this.average, this.samples(), this.sample()];
    return new Map();
  });
  /** The samples of the step on the screen that would be averaged. */
  readonly now: number[] = $derived.by(() => this.at(this.of.slot));
  /** Whether an average is chosen, and there are samples to average. */
  readonly chosen = $derived.by(() => this.average !== "one" && !this.of.showsExamples && this.samples().length > 1);
  readonly #fits = $derived.by(() => {
    // Two samples are compared with one another.
    if (this.of.view === "compare" && this.of.choices.options.values.compare === "samples") return false;
    return [...OF_A_SITE, ...OF_ALL_SITES].includes(this.of.view);
  });
  /** Why the maps of the view have no average. */
  readonly obstacle: Obstacle | null = $derived.by(() => {
    const sites = OF_A_SITE.includes(this.of.view) ? (this.of.site ? [this.of.site] : []) : this.of.sites;
    const samples = this.now.map((index) => this.samples()[index]!);
    for (const site of sites) {
      const found = obstacleOf(site, samples);
      if (found) return found;
    }
    return null;
  });
  /** Whether the maps of the view are averages, and whether at least its measures are: those have one whatever the positions are. */
  readonly ofMaps = $derived.by(() => this.chosen && this.#fits && this.obstacle === null);
  readonly ofMeasures = $derived.by(() => {
    if (this.ofMaps || !this.chosen) return this.ofMaps;
    return this.of.view === "epochs" || (this.of.view === "overview" && this.now.length > 0);
  });
  /** Whether there is no map to draw beside the averages of the measures. */
  readonly onlyMeasures = $derived.by(() => this.ofMeasures && !this.ofMaps);
  /** Indices of the steps at which there is no sample to average. */
  readonly emptySteps: ReadonlySet<number> = $derived.by(() => {
    const varies = this.average === "right" || this.average === "wrong";
    const steps = this.ofMeasures && varies ? (this.of.maps?.steps ?? []) : [];
    return new Set(steps.flatMap((record, step) => (this.#of(record).length ? [] : [step])));
  });
  /** What the sentence of the view says of it; null where one sample is chosen. */
  readonly facts: AverageFacts | null = $derived.by(() => {
    const ofOneSample = OF_ONE_SAMPLE.includes(this.of.view);
    if (!this.chosen || !(this.#fits || ofOneSample)) return null;
    const { average, of, obstacle, ofMeasures, now } = this;
    const stepName = of.slot ? shortStepName(of.slot) : "";
    return { average, count: now.length, stepName, obstacle, ofOneSample, ofMeasures };
  });

  /** `samples` and `sample`: those of the series, and the one chosen last. */
  constructor(
    readonly of: Selection,
    readonly samples: () => Sample[],
    readonly sample: () => Sample | null,
  ) {}

  /** The samples that are averaged at a slot. */
  at(slot: Slot | null): number[] {
    return this.#of(slot?.record ?? null);
  }

  #of(record: StepRecord | null): number[] {
    let found = this.#known.get(record);
    if (!found) this.#known.set(record, (found = averagedSamples(this.average, this.samples(), this.sample(), record)));
    return found;
  }

  /** Which sample's maps, or the average of which, a request at a slot asks for; null where there is none. */
  maps(slot: Slot, sample: number): Params | null {
    if (!this.ofMaps) return { sample };
    const samples = this.at(slot);
    return samples.length ? { samples: ranges(samples) } : null;
  }

  /** The same of measures at all steps: the server knows who is right at each of them. */
  measures(sample: number): Params {
    if (!this.ofMeasures) return { sample };
    const { average } = this;
    const verdict = average === "right" || average === "wrong" ? average : null;
    const all = this.samples().map((_, index) => index);
    return { samples: ranges(verdict ? all : this.now), verdict };
  }
}
