/** The measures of the heads over the steps in each series of the run that has the same layers, each the mean over its samples. */
import { address } from "../api/client";
import { ranges } from "../api/ranges";
import type { SeriesAnswer, Site, Step } from "../api/wire";
import { headCounts } from "../model/heads";
import type { Measures } from "../model/measures";
import { newestAttempt } from "../model/runs";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface SeriesMeasures {
  tag: string;
  /** Over how many samples. */
  count: number;
  /** As the steps of its measures. */
  steps: Step[];
  measures: Measures;
}

const newestSites = (series: SeriesAnswer): Site[] => series.site_sets[series.steps.at(-1)?.sites ?? -1] ?? [];
const layersOf = (sites: Site[]) => JSON.stringify([sites.map(({ path }) => path), headCounts(sites)]);

export class MeasuresOfSeries {
  readonly shown = new Resource<SeriesMeasures[]>();

  constructor(readonly of: SampleSelection) {}

  /** To be called in an effect of the view that draws them. */
  want(): void {
    const { run, tags, maps, server, showsExamples } = this.of;
    const entries = tags.filter(({ content, only_events }) => content === "attention" && !only_events);
    if (!run || !maps || showsExamples || entries.length < 2) return this.shown.clear();
    const series = entries.flatMap((entry) => {
      const own = entry.tag === maps.tag;
      const name = { run: run.run, tag: entry.tag, attempt: own ? maps.attempt : newestAttempt(entry) };
      if (!own) server.want(name, entry.version);
      const answer = own ? maps : server.series(name);
      return answer ? [{ name, answer }] : [];
    });
    const layers = layersOf(newestSites(maps));
    const alike = series.filter(({ answer }) => layersOf(newestSites(answer)) === layers);
    if (series.length < entries.length) return;
    if (alike.length < 2) return this.shown.clear();
    const urls = alike.map(({ name, answer }) => {
      const samples = Array.from({ length: answer.steps.at(-1)?.sample_count ?? 0 }, (_, index) => index);
      return address("measures", { ...name, samples: ranges(samples), v: answer.version });
    });
    this.shown.want(urls.join(" "), (_, signal) =>
      Promise.all(
        alike.map(async ({ answer }, i) => ({
          tag: answer.tag,
          count: answer.steps.at(-1)?.sample_count ?? 0,
          steps: answer.steps.map(({ step }) => step),
          measures: { array: await server.client.array(urls[i]!, signal, false), names: answer.measures },
        })),
      ),
    );
  }
}
