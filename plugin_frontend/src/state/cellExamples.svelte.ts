/** The examples of the kept cell: those tracked over all steps, and those kept at this step. */
import { untrack } from "svelte";
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import { toNumber, type ExamplesAnswer, type SamplesAnswer, type Step } from "../api/wire";
import type { Sample } from "../api/wire";
import type { Cell } from "../model/confusion";
import { joinedSlot, slotsOf } from "../model/timeline";
import { CellAttention, type AttentionSource } from "./cellAttention.svelte";
import { Resource } from "./resource.svelte";
import type { DisplayedMatrix } from "./displayedMatrix.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

/** An example of the cell: one that is tracked over all steps, or one that was kept at this step. */
export interface CellExample extends AttentionSource {
  id: string;
  probability: number;
  loss: number;
  random: boolean;
}

export class CellExamples {
  readonly answer = new Resource<ExamplesAnswer>();
  readonly samples = new Resource<SamplesAnswer>();
  readonly thumbnails = new Resource<NpyArray>();
  readonly attention: CellAttention;
  /** The id of the example that is looked at; null for the first. */
  chosen = $state.raw<string | null>(null);
  /** Where the user came from, while an example that was kept is shown as a sample. */
  opened = $state.raw<{ cell: Cell; tag: string | null; step: Step | null; from: string } | null>(null);

  constructor(
    readonly store: SampleSelection,
    readonly of: DisplayedMatrix,
  ) {
    this.attention = new CellAttention(store, of, () => this.entry);
  }

  /** The examples that were kept, with their padding where it is to be drawn. */
  readonly #samples: Sample[] = $derived.by(() => this.store.asDrawn(this.samples.value?.samples ?? []));
  readonly entries: CellExample[] = $derived.by(() => {
    const { store } = this;
    if (!store.keptCell) return [];
    const tracked = store.showsExamples
      ? []
      : store.cellSamples.map(({ sample, index, prediction }) => ({
          id: sample.id,
          index,
          tracked: true,
          looked: store.mapsName !== null && index < (store.record?.sample_count ?? 0),
          sample,
          probability: toNumber(prediction?.probability),
          loss: NaN,
          random: false,
        }));
    const ids = new Set(tracked.map(({ id }) => id));
    const answer = this.answer.value;
    const kept = (answer?.examples ?? [])
      .filter(({ id }) => !ids.has(id))
      .map((each) => ({
        id: each.id,
        index: each.sample,
        tracked: false,
        looked: each.sample < (answer?.sample_count ?? 0),
        sample: this.#samples[each.sample] ?? null,
        probability: toNumber(each.probability),
        loss: toNumber(each.loss),
        random: each.kept === "random",
      }));
    // Those that can be looked into first, and of them the most certain.
    const rank = (entry: CellExample) => (entry.tracked ? 0 : entry.looked ? 1 : 2);
    return [...tracked, ...kept].sort((a, b) => rank(a) - rank(b));
  });
  readonly entry: CellExample | null = $derived(
    this.entries.find(({ id }) => id === this.chosen) ?? this.entries[0] ?? null,
  );

  /** The small picture of the chosen example; null where it has none. */
  readonly picture: NpyArray | null = $derived.by(() => {
    const { entry } = this;
    const all = entry?.tracked ? this.store.thumbnails.value : this.thumbnails.value;
    const [count = 0, ...shape] = all?.shape ?? [];
    if (!entry || !all || entry.index >= count) return null;
    const length = shape.reduce((a, b) => a * b, 1);
    return { shape, data: all.data.subarray(entry.index * length, (entry.index + 1) * length) };
  });

  /** Asks for the examples of the kept cell; to be called in an effect of the view. */
  want(): void {
    const { store, of } = this;
    const { matricesName, keptCell } = store;
    const { record } = of;
    if (!record || !matricesName || !keptCell || !record.examples) {
      for (const resource of [this.answer, this.samples, this.thumbnails]) resource.clear();
      return;
    }
    const client = store.server.client;
    const params = { ...matricesName, step: record.step, ...keptCell, v: record.v };
    this.answer.want(address("examples", params), (_, signal) =>
      client.json<ExamplesAnswer>("examples", params, signal),
    );
    const set = record.samples;
    if (!set) return;
    const files = { ...matricesName, set, v: set };
    this.samples.want(address("samples", files), (_, signal) => client.samples(files, signal));
    const pictures = this.samples.value?.thumbnails ? address("thumbnails", files) : null;
    this.thumbnails.want(pictures, (url, signal) => client.get(url, signal));
  }

  /** Shows an example as a sample, with its attention at this step. */
  open(entry: CellExample): void {
    const { store } = this;
    const cell = store.keptCell;
    if (!cell || !entry.looked) return;
    if (!entry.tracked && store.matricesName && this.of.slot) {
      this.opened ??= { cell, tag: store.choices.tag, step: store.choices.step, from: `${this.of.slot.step}` };
      store.choices.tag = store.matricesName.tag;
      if (store.choices.step !== null) store.choices.step = this.of.slot.step;
    } else this.opened = { cell, tag: store.choices.tag, step: null, from: "" };
    store.choices.sample = entry.id;
    store.choices.view = "sample";
  }

  /** Back to the cell, at the step that the timeline has come to meanwhile. */
  back(): void {
    const { store, opened } = this;
    if (!opened) return;
    if (store.showsExamples) {
      const shown = store.slot;
      const following = store.choices.step === null;
      store.choices.tag = opened.tag;
      const series = store.maps;
      if (following) store.choices.step = opened.step;
      else if (shown && series) {
        const slots = slotsOf(series);
        store.choices.step = slots[joinedSlot(slots, shown)]?.step ?? shown.step;
      }
    }
    store.keepCell(opened.cell);
    store.choices.view = "confusion";
    this.opened = null;
  }

  clear(): void {
    untrack(() => {
      for (const resource of [this.answer, this.samples, this.thumbnails]) resource.clear();
      this.attention.clear();
    });
    this.chosen = null;
  }
}
