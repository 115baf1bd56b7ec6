/** What the softmax on the screen gives to no key, fetched once for a step, sample and site. */
import { address } from "../api/client";
import type { NumberArray } from "../api/npy";
import type { Site } from "../api/wire";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface SiteSink {
  site: Site;
  sample: number;
  shares: NumberArray;
}

export class Sink {
  readonly shown = new Resource<SiteSink>();

  constructor(readonly of: SampleSelection) {}

  want(): void {
    const { mapsName, slot, site, siteIndex, sampleIndex, samples, server, view, onlyEvents } = this.of;
    if (onlyEvents || view !== "head" || !site?.sink) return this.shown.clear();
    if (!slot?.record || !samples.length) return;
    const params = { step: slot.step, sample: sampleIndex, site: siteIndex, v: slot.record.v };
    this.shown.want(address("sink", { ...mapsName, ...params }), (url, signal) => {
      const known = server.client.peek(url);
      const made = (array: NonNullable<typeof known>): SiteSink => ({ site, sample: sampleIndex, shares: array.data });
      return known ? made(known) : server.client.array(url, signal).then(made);
    });
  }
}
