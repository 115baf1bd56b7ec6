/** The row of a query over all steps of a site, and over all layers of a step: fetched when a view asks for it. */
import { address } from "../api/client";
import { ranges } from "../api/ranges";
import type { NpyArray } from "../api/npy";
import type { Site } from "../api/wire";
import { mapShape } from "../model/maps";
import { Resource } from "./resource.svelte";
import type { MapArrays } from "./mapArrays.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

/** For each head, its row. */
export type HeadRows = Float32Array[];

export interface StepRows {
  site: string;
  /** As the steps of the series. */
  steps: HeadRows[];
}

export interface LayerRows {
  sites: Site[];
  /** For each site. */
  layers: HeadRows[];
}

function cut(data: Float32Array, from: number, heads: number, keys: number): HeadRows {
  return Array.from({ length: heads }, (_, head) => data.subarray(from + head * keys, from + (head + 1) * keys));
}

const floats = (array: NpyArray) => (array.data instanceof Float32Array ? array.data : Float32Array.from(array.data));

export class QueryRows {
  readonly steps = new Resource<StepRows>();
  readonly layers = new Resource<LayerRows>();

  constructor(
    readonly of: SampleSelection,
    readonly maps: MapArrays,
  ) {}

  clear(): void {
    this.steps.clear();
    this.layers.clear();
  }

  retry(): void {
    this.steps.retry();
    this.layers.retry();
  }

  /** The mean row of some queries at every step, for the chosen site and sample. */
  wantSteps(queries: number[]): void {
    const { maps, mapsName, site, sampleIndex, server } = this.of;
    const newest = maps?.site_sets[maps.steps.at(-1)?.sites ?? -1] ?? [];
    const index = newest.findIndex((other) => other.path === site?.path);
    if (!maps || !site || index < 0 || this.of.showsExamples || !queries.length) return this.steps.clear();
    const params = { sample: sampleIndex, site: index, queries: ranges(queries), v: maps.version };
    this.steps.want(address("rows", { ...mapsName, ...params }), async (url, signal) => {
      // Not urgent: it takes the server long, and what lies beside the sample should come meanwhile.
      const array = await server.client.array(url, signal, false);
      const [count = 0, heads = 0, keys = 0] = array.shape;
      const data = floats(array);
      const steps = Array.from({ length: count }, (_, step) => cut(data, step * heads * keys, heads, keys));
      return { site: site.path, steps };
    });
  }

  /** The same of every site of the chosen step. */
  wantLayers(queries: number[]): void {
    const { mapsName, sites, slot, sampleIndex, server } = this.of;
    if (!slot?.record || !sites.length || !queries.length) return this.layers.clear();
    if (this.maps.weights.pending) return;
    const params = { sample: sampleIndex, step: slot.step, queries: ranges(queries), v: slot.record.v };
    this.layers.want(address("rows", { ...mapsName, ...params }), async (url, signal) => {
      const data = floats(await server.client.array(url, signal));
      let from = 0;
      const layers = sites.map((site) => {
        const { heads, keys } = mapShape(site);
        const rows = cut(data, from, heads, keys);
        from += heads * keys;
        return rows;
      });
      return { sites, layers };
    });
  }
}
