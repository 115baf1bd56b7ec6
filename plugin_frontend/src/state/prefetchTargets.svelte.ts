/** What will probably be looked at next: what the pointer is over, the steps to either side, the layers and samples beside. */
import { address } from "../api/client";
import type { Site } from "../api/wire";
import { byteSize } from "../model/encoding";
import { hasGateKind } from "../model/heads";
import type { Slot } from "../model/timeline";
import type { Bundle } from "./prefetch.svelte";
import { filmShowsHead, type MapArrays } from "./mapArrays.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

/** What is fetched in advance and never looked at must not push out what is: together they are less than the client's cache. */
const OVERVIEW_BYTES = 12 * 2 ** 20;
const WEIGHTS_BYTES = 16 * 2 ** 20;
/** Of thousands of steps only the nearest: the tab does not grow with the length of a training. */
const [MOST_OVERVIEWS, MOST_AVERAGES] = [500, 64];
/** So many steps come before the frames of the film, which are far apart. */
const NEAREST = 8;
/** So many layers, and samples, to either side. */
const MOST_PACKED = 12;
/** So long the pointer rests on something before it is fetched: one that only passes over it wants nothing. */
const REST_MS = 60;

export class PrefetchTargets {
  /** The site, or the sample, under the pointer. */
  #site = $state.raw<number | null>(null);
  #sample = $state.raw<number | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly of: SampleSelection,
    readonly maps: MapArrays,
  ) {}

  /** Says what the pointer is over, so that it is there when it is clicked; null for nothing. */
  point(what: { site?: number; sample?: number } | null): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#site = what?.site ?? null;
        this.#sample = what?.sample ?? null;
      },
      what ? REST_MS : 0,
    );
  }

  /** Every how many steps the film shows a map; 1 where it shows none, or all. */
  #filmed(): number {
    const { view, sites, filmEvery } = this.of;
    return filmShowsHead(view) || sites.some(hasGateKind) ? filmEvery : 1;
  }

  /** Addresses of weights, the likeliest first. */
  weights(showsWeights: boolean): string[] {
    const { of, maps } = this;
    const { slot, slots, slotIndex, site, siteIndex, sites, sampleIndex, playing } = of;
    if (!slot?.record || !site) return [];
    const found = new Map<string, number>();
    const add = (at: Slot | undefined, index: number, sample: number) => {
      const there = at?.record && of.sitesOf(at)[index];
      if (!there || sample < 0 || sample >= (at.record?.sample_count ?? 0)) return;
      const url = maps.weightsAddress(at, index, sample);
      if (url) found.set(url, byteSize(there.shape, there.encoding));
    };
    const step = (by: number) => {
      const at = slots[slotIndex + by];
      if (at?.record && of.sitesOf(at)[siteIndex]?.path === site.path) add(at, siteIndex, sampleIndex);
    };
    const overview = (sample: number) => {
      const url = sample >= 0 && sample < (slot.record?.sample_count ?? 0) && maps.overviewAddress(slot, sample);
      if (url) found.set(url, overviewBytes(sites));
    };
    if (playing) for (const by of [1, 2, -1]) if (showsWeights) step(by);
    if (this.#site !== null) add(slot, this.#site, sampleIndex);
    if (this.#sample !== null) {
      overview(this.#sample);
      if (showsWeights) add(slot, siteIndex, this.#sample);
    }
    if (showsWeights && !playing) {
      for (const by of [1, -1]) step(by);
      for (const by of [1, -1]) {
        add(slot, siteIndex + by, sampleIndex);
        overview(sampleIndex + by);
        add(slot, siteIndex, sampleIndex + by);
      }
    }
    return within(found, WEIGHTS_BYTES);
  }

  /** Addresses of the weights of the other layers, and of the other samples with their overviews: the nearest first. */
  packed(): string[] {
    const { of, maps } = this;
    const { slot, sites, siteIndex, samples, sampleIndex, playing, averaging } = of;
    if (!slot?.record || playing || averaging.ofMaps) return [];
    const most = slot.record.sample_count;
    const layers = [...nearest([...sites.keys()], siteIndex, MOST_PACKED)];
    const others = [...nearest([...samples.keys()], sampleIndex, MOST_PACKED)].filter((sample) => sample < most);
    return [
      ...layers.map((site) => maps.weightsAddress(slot, site, sampleIndex)),
      ...others.flatMap((sample) => [maps.overviewAddress(slot, sample), maps.weightsAddress(slot, siteIndex, sample)]),
    ].filter((url) => url !== null);
  }

  /** The overviews of the other steps of the sample, so that dragging the slider finds them there: the nearest first, then those of the film. */
  overviews(): Bundle {
    const { of, maps } = this;
    const { slots, slotIndex, sampleIndex, mapsName } = of;
    // An average costs the server more than a picture that is stored.
    const most = of.averaging.ofMaps ? MOST_AVERAGES : MOST_OVERVIEWS;
    const some: { slot: Slot; url: string }[] = [];
    let left = OVERVIEW_BYTES;
    for (const slot of likeliest(slots, slotIndex, this.#filmed())) {
      const sites = slot.record ? of.sitesOf(slot) : [];
      const url = sites.length ? maps.overviewAddress(slot, sampleIndex) : null;
      if (!url) continue;
      left -= overviewBytes(sites);
      if (left < 0 || some.length >= most) break;
      some.push({ slot, url });
    }
    const urls = some.map(({ url }) => url);
    // Who is right differs from step to step.
    if (of.averaging.ofMaps) return { urls, address: null };
    return {
      urls,
      address: (indices) => {
        const steps = indices.map((index) => some[index]!.slot.step).join(",");
        return address("overviews", { ...mapsName, sample: sampleIndex, steps, v: of.maps?.version });
      },
    };
  }
}

/** Each once: the nearest to an index, then every `every`-th, then the others, again the nearest first. */
export function* likeliest<Item>(items: Item[], index: number, every: number): Generator<Item> {
  const seen = new Set<Item>();
  const first = [...nearest(items, index, Math.ceil(NEAREST / 2))];
  const frames = every > 1 ? items.filter((_, at) => at % every === 0) : [];
  const filmed = nearest(frames, Math.min(Math.round(index / every), frames.length - 1));
  for (const some of [first, filmed, nearest(items, index)])
    for (const item of some) if (!seen.has(item)) yield (seen.add(item), item);
}

/** The items around an index, the nearest first, of two as near the one before. */
export function* nearest<Item>(items: Item[], index: number, farthest = items.length): Generator<Item> {
  for (let apart = 0; apart < items.length && apart <= farthest; apart++)
    for (const at of apart ? [index - apart, index + apart] : [index]) if (at in items) yield items[at]!;
}

function overviewBytes(sites: Site[]): number {
  return sites.reduce((sum, site) => sum + (site.overview?.bytes ?? 0), 0);
}

/** The first of some addresses whose bytes fit together. */
function within(bytes: Map<string, number>, most: number): string[] {
  let left = most;
  return [...bytes].flatMap(([url, size]) => ((left -= size) >= 0 ? [url] : []));
}
