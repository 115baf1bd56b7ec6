/** The matrix of the step in focus, and those of all steps, many in one request: for the film, the slider, and lines over the steps. */
import { address } from "../api/client";
import { ranges } from "../api/ranges";
import type { NpyArray } from "../api/npy";
import type { Slot } from "../model/timeline";
import { Resource } from "./resource.svelte";
import type { Selection } from "./selection.svelte";

/** Cells in one answer, and in all that are kept (4 bytes each). */
const CELLS_AT_ONCE = 1 << 20;
const MOST_CELLS = 1 << 24;
const NEAREST = 8;
/** Counts above this are rounded in what is fetched so; they are fetched one by one. */
const EXACT = 1 << 24;

export class ConfusionFrames {
  /** The matrix of the step in focus. */
  readonly matrix = new Resource<NpyArray>();
  /** Counts how often something has come, so that whoever draws from here draws anew. */
  fetched = $state(0);
  /** By the address of the single matrix, which names its version. */
  #frames = new Map<string, NpyArray>();
  #underWay: AbortController | null = null;
  #asked = "";

  constructor(readonly focus: Selection) {}

  /** The matrix at an address if it has been fetched already. */
  #known(url: string): NpyArray | undefined {
    return this.#frames.get(url) ?? this.focus.server.client.peek(url);
  }

  /** The matrix at an address, at once where it has been fetched already. */
  get(url: string, signal: AbortSignal): NpyArray | Promise<NpyArray> {
    return this.#known(url) ?? this.focus.server.client.array(url, signal);
  }

  /** Asks for the matrix of the step in focus. */
  wantMatrix(): void {
    this.matrix.want(this.address(this.focus.matrixSlot), (url, signal) => this.get(url, signal));
  }

  /** Where the matrix of a slot is fetched; null for none. */
  address(slot: Slot | null): string | null {
    const record = slot?.record;
    const split = this.splitOf(record?.splits);
    const { matricesName } = this.focus;
    return record && split && matricesName
      ? address("matrix", { ...matricesName, step: record.step, split, v: record.v })
      : null;
  }

  /** The matrix of a slot if it has been fetched already. */
  peek(slot: Slot | null): NpyArray | null {
    const url = this.address(slot);
    return (url && this.#known(url)) || null;
  }

  /** The split chosen, else validation, else whatever there is. */
  splitOf(splits: Record<string, unknown> | undefined): string | null {
    const names = Object.keys(splits ?? {});
    return (
      names.find((name) => name === this.focus.choices.split) ??
      names.find((name) => name === "validation") ??
      names[0] ??
      null
    );
  }

  clear(): void {
    this.matrix.clear();
    this.#underWay?.abort();
    this.#underWay = null;
    this.#asked = "";
    this.#frames.clear();
  }

  /** Asks for the missing ones of all steps, the nearest to the step shown first, one request at a time. */
  wantAll(): void {
    const { matrices, matricesName, matrixSlots, slotIndex, server, filmEvery } = this.focus;
    void this.fetched;
    if (!matrices || !matricesName || this.#underWay) return;
    const classes = matrices.steps.at(-1)?.classes ?? 0;
    const split = this.splitOf(this.focus.matrixSlot?.record?.splits);
    if (!split || classes < 1) return;
    const kept = Math.max(1, Math.floor(MOST_CELLS / classes ** 2));
    const near = matrixSlots
      .map((slot, index) => {
        const apart = Math.abs(index - slotIndex);
        // The frames of the film come after the nearest steps, however far they are.
        return { slot, apart: index % filmEvery === 0 ? Math.min(apart, NEAREST) : apart, address: this.address(slot) };
      })
      .filter((each): each is { slot: Slot; apart: number; address: string } => each.address !== null)
      .sort((a, b) => a.apart - b.apart)
      .slice(0, kept);
    const wanted = new Set(near.map((each) => each.address));
    if (near.length >= kept) for (const old of this.#frames.keys()) if (!wanted.has(old)) this.#frames.delete(old);
    const missing = near
      .filter(({ slot, address }) => slot.record?.classes === classes && !this.#frames.has(address))
      .slice(0, Math.max(1, Math.floor(CELLS_AT_ONCE / classes ** 2)))
      .map(({ slot, address }) => ({ index: matrices.steps.indexOf(slot.record!), address }))
      .filter(({ index }) => index >= 0)
      .sort((a, b) => a.index - b.index);
    const key = JSON.stringify(missing);
    // What was refused once is not asked for again: the single matrices still come when they are looked at.
    if (!missing.length || key === this.#asked) return;
    this.#asked = key;
    const indices = ranges(missing.map(({ index }) => index));
    const url = address("matrices", { ...matricesName, split, places: indices, v: matrices.version });
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
