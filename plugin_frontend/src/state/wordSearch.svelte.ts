/** How much a word gets, and what it looks at, in the samples in which it stands: of the chosen head at the chosen step. */
import { SvelteMap } from "svelte/reactivity";
import { address } from "../api/client";
import { ranges } from "../api/ranges";
import { mapShape } from "../model/maps";
import { positionsOf } from "../model/positions";
import type { Use } from "../model/wordUses";
import type { SampleSelection } from "./sampleSelection.svelte";

export interface WordShare {
  /** For each position of the word among the keys, the mean weight that it gets from all queries. */
  received: { position: number; weight: number }[];
  /** What a key gets where all are looked at alike. */
  uniform: number;
  /** The key that its positions attend to most, and how much; -1 and NaN where it is no query. */
  target: number;
  weight: number;
  /** Why nothing is known. */
  problem: string | null;
}

export class WordSearch {
  /** By sample. */
  readonly found = new SvelteMap<number, WordShare>();
  readonly #asked = new Set<number>();
  #controller = new AbortController();
  #key = "";

  constructor(readonly store: SampleSelection) {}

  /** Asks about the samples that are on the screen; each costs a small request for either direction, and is asked about once. */
  want(word: string, uses: Use[]): void {
    const { store } = this;
    const [slot, site, maps] = [store.slot, store.site, store.mapsName];
    const key = JSON.stringify([word.trim().toLowerCase(), maps, slot?.record?.v, site?.path, store.head]);
    if (key !== this.#key) {
      this.#key = key;
      this.#controller.abort();
      this.#controller = new AbortController();
      this.found.clear();
      this.#asked.clear();
    }
    if (!slot?.record || !site || !maps) return;
    for (const use of uses) {
      if (this.#asked.has(use.index) || !(use.asKey.length || use.asQuery.length)) continue;
      this.#asked.add(use.index);
      void this.#ask(use, this.#controller.signal);
    }
  }

  async #ask({ index, asKey, asQuery }: Use, signal: AbortSignal): Promise<void> {
    const { site, slot, mapsName, head, siteIndex, sites, samples, server } = this.store;
    if (!site || !slot?.record) return;
    const keys = positionsOf(site, "key", samples[index] ?? null);
    const queries = positionsOf(site, "query", samples[index] ?? null);
    const before = sites
      .slice(0, siteIndex)
      .reduce((sum, other) => sum + mapShape(other).heads * mapShape(other).keys, 0);
    const shape = mapShape(site);
    const row = async (positions: number[]) => {
      const params = { ...mapsName, sample: index, step: slot.step, queries: ranges(positions), v: slot.record?.v };
      const { data } = await server.client.array(address("rows", params), signal, false);
      const from = before + Math.min(head, shape.heads - 1) * shape.keys;
      return data.subarray(from, from + shape.keys) as Float32Array;
    };
    const share = { received: [], uniform: 1 / keys.shown.length, target: -1, weight: NaN, problem: null };
    try {
      const [all, own] = await Promise.all([
        asKey.length ? row(queries.shown) : null,
        asQuery.length ? row(asQuery) : null,
      ]);
      const received = all ? asKey.map((position) => ({ position, weight: all[position] ?? NaN })) : [];
      if (!own) return void this.found.set(index, { ...share, received });
      const target = keys.shown.reduce((best, key) => (own[key]! > (own[best] ?? -1) ? key : best), keys.shown[0] ?? 0);
      this.found.set(index, { ...share, received, target, weight: own[target] ?? NaN });
    } catch (error) {
      if (signal.aborted) return;
      this.found.set(index, { ...share, problem: error instanceof Error ? error.message : String(error) });
    }
  }
}
