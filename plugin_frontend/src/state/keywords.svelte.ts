/** The words of the listed samples by the attention that they get from the chosen head at the chosen step. */
import { address } from "../api/client";
import type { Site } from "../api/wire";
import { mapShape } from "../model/maps";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface Received {
  site: Site;
  /** (samples, keys) */
  weights: Float32Array;
}

export class Keywords {
  readonly received = new Resource<Received>();

  constructor(readonly store: SampleSelection) {}

  /** To be called in an effect of the view that shows them; one answer holds all samples of the step. */
  want(wanted: boolean): void {
    const { mapsName, slot, site, siteIndex, head, server, showsExamples } = this.store;
    const record = slot?.record;
    if (!wanted || !record || !site || !mapsName || showsExamples) return this.received.clear();
    const last = mapShape(site).heads - 1;
    const params = { step: slot.step, site: siteIndex, head: Math.min(head, last), v: record.v };
    this.received.want(address("received", { ...mapsName, ...params }), async (url, signal) => ({
      site,
      weights: (await server.client.array(url, signal, false)).data as Float32Array,
    }));
  }
}
