/** The matrices of all steps, many in one request: for the film, for dragging the slider, and for lines over the steps. */
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { Slot } from "../model/timeline";
import { ranges } from "./rows.svelte";
import type { Store } from "./store.svelte";

/** Cells in one answer, and in all that are kept (4 bytes each). */
const CELLS_AT_ONCE = 1 << 20;
const MOST_CELLS = 1 << 24;
/** Counts above this are rounded in what is fetched so; they are fetched one by one. */
const EXACT = 1 << 24;

export class MatrixFrames {
  /** Counts how often something has come, so that whoever draws from here draws anew. */
  fetched = $state(0);
  /** By the address of the single matrix, which names its version. */
  #frames = new Map<string, NpyArray>();
  #underWay: AbortController | null = null;
  #asked = "";

  constructor(readonly store: Store) {}

  /** The matrix of a slot, if it has come. */
  of(address: string | null): NpyArray | undefined {
    return address === null ? undefined : this.#frames.get(address);
  }

  clear(): void {
    this.#underWay?.abort();
    this.#underWay = null;
    this.#asked = "";
    this.#frames.clear();
  }

  /** Asks for what is missing, the nearest to the step shown first, one request at a time. */
  want(): void {
    const { matrices, matricesName, matrixSlots, slotIndex, server, data } = this.store;
    void this.fetched;
    if (!matrices || !matricesName || this.#underWay) return;
    const classes = matrices.steps.at(-1)?.classes ?? 0;
    const split = data.splitOf(this.store.matrixSlot?.record?.splits);
    if (!split || classes < 1) return;
    const kept = Math.max(1, Math.floor(MOST_CELLS / classes ** 2));
    const near = matrixSlots
      .map((slot, index) => ({ slot, apart: Math.abs(index - slotIndex), address: data.matrixAddress(slot) }))
      .filter((each): each is { slot: Slot; apart: number; address: string } => each.address !== null)
      .sort((a, b) => a.apart - b.apart)
      .slice(0, kept);
    const wanted = new Set(near.map((each) => each.address));
    if (near.length >= kept) for (const old of this.#frames.keys()) if (!wanted.has(old)) this.#frames.delete(old);
    const missing = near
      .filter(({ slot, address }) => slot.record?.classes === classes && !this.#frames.has(address))
      .slice(0, Math.max(1, Math.floor(CELLS_AT_ONCE / classes ** 2)))
      .map(({ slot, address }) => ({ place: matrices.steps.indexOf(slot.record!), address }))
      .filter(({ place }) => place >= 0)
      .sort((a, b) => a.place - b.place);
    const key = JSON.stringify(missing);
    // What was refused once is not asked for again: the single matrices still come when they are looked at.
    if (!missing.length || key === this.#asked) return;
    this.#asked = key;
    const places = ranges(missing.map(({ place }) => place));
    const url = address("matrices", { ...matricesName, split, places, v: matrices.version });
    const controller = new AbortController();
    this.#underWay = controller;
    server.client.array(url, controller.signal, false).then(
      ({ data: values }) => {
        if (this.#underWay !== controller) return;
        missing.forEach(({ address }, i) => {
          const part = values.subarray(i * classes ** 2, (i + 1) * classes ** 2);
          if (part.every((count) => count <= EXACT))
            this.#frames.set(address, { shape: [classes, classes], data: part });
        });
        this.#underWay = null;
        this.fetched++;
      },
      () => {
        if (this.#underWay === controller) this.#underWay = null;
      },
    );
  }
}
