/** How much a word gets, and what it looks at, in the samples in which it stands: of the chosen head at the chosen step. */
import { SvelteMap } from "svelte/reactivity";
import { address } from "../api/client";
import { mapShape } from "../model/maps";
import { positionsOf } from "../model/positions";
import type { Use } from "../model/browse";
import { ranges } from "./rows.svelte";
import type { Store } from "./store.svelte";

export interface WordShare {
  /** Mean weight that the word's places get from all queries; NaN while it is fetched. */
  received: number;
  /** Of uniform. */
  times: number;
  /** The key that its places look at most, and how much. */
  target: number;
  weight: number;
}

/** So many samples are asked about; each costs a small request for either direction. */
export const MOST_SAMPLES = 24;

export class WordSearch {
  readonly found = new SvelteMap<number, WordShare>();
  #controller = new AbortController();
  #key = "";

  constructor(readonly store: Store) {}

  want(uses: Use[]): void {
    const { store } = this;
    const [slot, site, maps] = [store.slot, store.site, store.mapsName];
    const asked = uses.slice(0, MOST_SAMPLES);
    const key = JSON.stringify([maps, slot?.record?.v, site?.path, store.head, asked]);
    if (key === this.#key) return;
    this.#key = key;
    this.#controller.abort();
    this.#controller = new AbortController();
    this.found.clear();
    if (!slot?.record || !site || !maps) return;
    for (const use of asked) void this.#ask(use, this.#controller.signal);
  }

  async #ask({ index, positions }: Use, signal: AbortSignal): Promise<void> {
    const { store } = this;
    const { site, slot, mapsName, head, siteIndex, sites } = store;
    if (!site || !slot?.record) return;
    const keys = positionsOf(site, "key", store.samples[index] ?? null);
    const queries = positionsOf(site, "query", store.samples[index] ?? null);
    const before = sites
      .slice(0, siteIndex)
      .reduce((sum, other) => sum + mapShape(other).heads * mapShape(other).keys, 0);
    const shape = mapShape(site);
    const row = async (places: number[]) => {
      const params = { ...mapsName, sample: index, step: slot.step, queries: ranges(places), v: slot.record?.v };
      const { data } = await store.server.client.array(address("rows", params), signal, false);
      const from = before + Math.min(head, shape.heads - 1) * shape.keys;
      return data.subarray(from, from + shape.keys) as Float32Array;
    };
    try {
      const [all, own] = await Promise.all([row(queries.shown), row(positions)]);
      const received = positions.reduce((sum, place) => sum + (all[place] ?? NaN), 0) / positions.length;
      const target = keys.shown.reduce(
        (best, place) => (own[place]! > (own[best] ?? -1) ? place : best),
        keys.shown[0] ?? 0,
      );
      const weight = own[target] ?? NaN;
      this.found.set(index, { received, times: received * keys.shown.length, target, weight });
    } catch {
      // Aborted, or refused: the row says that its weights are not known.
      if (!signal.aborted) this.found.set(index, { received: NaN, times: NaN, target: -1, weight: NaN });
    }
  }
}
