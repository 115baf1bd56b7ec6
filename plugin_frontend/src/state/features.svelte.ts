/** The feature map behind the gate on the screen, fetched once for a step, sample and site. */
import { address } from "../api/client";
import { featureMaps, type FeatureMaps } from "../model/features";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface SiteFeatures {
  site: string;
  sample: number;
  maps: FeatureMaps | null;
}

export class Features {
  readonly shown = new Resource<SiteFeatures>();

  constructor(readonly of: SampleSelection) {}

  want(): void {
    const { mapsName, slot, site, siteIndex, sampleIndex, samples, server, view, onlyEvents } = this.of;
    if (onlyEvents || view !== "head" || !site?.features) return this.shown.clear();
    if (!slot?.record || !samples.length) return;
    const params = { step: slot.step, sample: sampleIndex, site: siteIndex, v: slot.record.v };
    this.shown.want(address("features", { ...mapsName, ...params }), (url, signal) => {
      const known = server.client.peek(url);
      const made = (data: NonNullable<typeof known>): SiteFeatures => ({
        site: site.path,
        sample: sampleIndex,
        maps: featureMaps(site, data.data),
      });
      return known ? made(known) : server.client.array(url, signal).then(made);
    });
  }
}
