/** The mean of one site over the samples of each class, where a position means the same in all of them. */
import { address } from "../api/client";
import { ranges } from "../api/ranges";
import { obstacleOf, samplesByClass } from "../model/averages";
import { Resource } from "./resource.svelte";
import type { MapArrays, SiteWeights } from "./mapArrays.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

/** As many are told apart; those with the most samples. */
const MOST_CLASSES = 12;

export class ClassMeans {
  readonly shown = new Resource<SiteWeights[]>();

  constructor(
    readonly of: SampleSelection,
    readonly maps: MapArrays,
  ) {}

  /** To be called in an effect of the view that draws them. */
  want(): void {
    const { mapsName, slot, site, siteIndex, samples, server, showsExamples } = this.of;
    const record = slot?.record;
    if (!site || !record || showsExamples) return this.shown.clear();
    const classes = samplesByClass(samples, record);
    const all = classes.flatMap((indices) => indices.map((index) => samples[index]!));
    if (classes.length < 2 || obstacleOf(site, all)) return this.shown.clear();
    // What a person waits for comes first.
    if (this.maps.weights.pending) return;
    const urls = classes.slice(0, MOST_CLASSES).map((indices) => {
      const params = { step: slot.step, samples: ranges(indices), site: siteIndex, v: record.v };
      return address("weights", { ...mapsName, ...params });
    });
    this.shown.want(urls.join(" "), (_, signal) =>
      Promise.all(
        urls.map(async (url, i) => {
          const [sample, count] = [classes[i]![0]!, classes[i]!.length];
          return { slot, sample, count, site, siteIndex, array: await server.client.array(url, signal, false) };
        }),
      ),
    );
  }
}
