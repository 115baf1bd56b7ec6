/** What the log keeps of some sites besides their weights: feature maps behind a gate, the share that goes to no key. */
import { address } from "../api/client";
import type { NpyArray, NumberArray } from "../api/npy";
import type { Site } from "../api/wire";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface SiteContent<T> {
  site: Site;
  sample: number;
  content: T;
}

/** One such array of the site on the screen, fetched once for a step, sample and site. */
export class SiteArray<T> {
  readonly shown = new Resource<SiteContent<T>>();

  /** `route`: of the server, and the field of a site that has such an array. */
  constructor(
    readonly of: SampleSelection,
    readonly route: "features" | "sink",
    readonly decode: (site: Site, data: NumberArray) => T,
  ) {}

  want(): void {
    const { mapsName, slot, site, siteIndex, sampleIndex, samples, server, view, onlyEvents, averaging } = this.of;
    if (onlyEvents || view !== "head" || !site?.[this.route]) return this.shown.clear();
    if (!slot?.record || !samples.length) return;
    const which = averaging.maps(slot, sampleIndex);
    if (!which) return this.shown.clear();
    const params = { step: slot.step, ...which, site: siteIndex, v: slot.record.v };
    const sample = averaging.ofMaps ? averaging.now[0]! : sampleIndex;
    const made = ({ data }: NpyArray) => ({ site, sample, content: this.decode(site, data) });
    this.shown.want(address(this.route, { ...mapsName, ...params }), (url, signal) => {
      const array = server.client.get(url, signal);
      return array instanceof Promise ? array.then(made) : made(array);
    });
  }
}
