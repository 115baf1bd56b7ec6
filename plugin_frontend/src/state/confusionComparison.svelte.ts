/** The other side of a difference of matrices: another step, another split, another run. The step before, unless chosen. */
import { obstructionText } from "../model/sentences";
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import type { Confusion } from "../model/confusion";
import { comparableUnit, differenceValues, type CellUnit } from "../model/confusionValues";
import { binned } from "../model/confusionOrder";
import { entriesOf, newestAttempt, pairedMatrices } from "../model/runs";
import { shortStepName, slotAt, slotsOf, type Slot } from "../model/timeline";
import { Resource } from "./resource.svelte";
import type { DisplayedMatrix } from "./displayedMatrix.svelte";
import type { SeriesName } from "./server.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class ConfusionComparison {
  readonly matrix = new Resource<NpyArray>();

  readonly mode = $derived.by(() => this.store.choices.options.values.against);
  /** Other runs with matrices. */
  readonly runs: string[] = $derived.by(() =>
    (this.store.server.runs?.runs ?? [])
      .filter((run) => run.run !== this.store.run?.run && entriesOf(run, "confusion").length > 0)
      .map((run) => run.run),
  );
  readonly run: string | null = $derived.by(() => {
    const { versusRun } = this.store.choices;
    return versusRun !== null && this.runs.includes(versusRun) ? versusRun : (this.runs[0] ?? null);
  });
  readonly #entry = $derived.by(() => {
    const run = this.store.server.runs?.runs.find((other) => other.run === this.run) ?? null;
    return pairedMatrices(entriesOf(run, "confusion"), null, this.store.matrices?.tag ?? null);
  });
  readonly #name: SeriesName | null = $derived.by(() => {
    if (this.mode !== "run") return this.store.matricesName;
    return this.run && this.#entry
      ? { run: this.run, tag: this.#entry.tag, attempt: newestAttempt(this.#entry) }
      : null;
  });
  readonly #series = $derived.by(() => this.store.server.series(this.#name));
  /** The steps to choose from. */
  readonly slots: Slot[] = $derived.by(() => {
    if (this.mode === "run") return this.#series ? slotsOf(this.#series) : [];
    return this.store.matrixSlots.filter((slot): slot is Slot => slot?.record != null);
  });
  readonly slot: Slot | null = $derived.by(() => {
    const { choices, matrixSlot } = this.store;
    if (this.mode === "split") return matrixSlot;
    if (this.mode === "run") return this.slots[slotAt(this.slots, matrixSlot?.step ?? null)] ?? null;
    if (this.mode === "step" && choices.versus !== null) return this.slots[slotAt(this.slots, choices.versus)] ?? null;
    return this.slots[this.slots.findIndex((slot) => slot === matrixSlot) - 1] ?? null;
  });
  readonly split: string | null = $derived.by(() => {
    const own = this.of.split;
    if (this.mode === "split") return Object.keys(this.of.splits).find((name) => name !== own) ?? null;
    const there = Object.keys(this.slot?.record?.splits ?? {});
    return own !== null && there.includes(own) ? own : this.mode === "run" ? (there[0] ?? null) : null;
  });
  readonly label: string = $derived.by(() => {
    if (this.mode === "split") return this.split ?? "";
    const step = this.slot ? shortStepName(this.slot) : "";
    return this.mode === "run" ? `${this.run}, ${step}` : step;
  });
  readonly ownLabel: string = $derived.by(() => {
    if (this.mode === "split") return this.of.split ?? "";
    const step = this.of.slot ? shortStepName(this.of.slot) : "";
    return this.mode === "run" ? `${this.store.run?.run}, ${step}` : step;
  });

  /** A of B − A, class by class; null where there is none or it has other classes. */
  readonly other: Confusion | null = $derived.by(() => {
    const array = this.matrix.value;
    const split = this.split === null ? undefined : this.slot?.record?.splits?.[this.split];
    if (!array || !split || array.shape[0] !== this.of.matrix?.classes) return null;
    return { classes: array.shape[0] ?? 0, counts: array.data, weighted: split.weighted };
  });
  readonly unit: CellUnit = $derived.by(() => {
    const { cells } = this.store.choices.options.values;
    const a = this.slot?.record?.splits?.[this.split ?? ""]?.examples ?? 0;
    return this.other ? comparableUnit(a, this.of.splits[this.of.split ?? ""]?.examples ?? 0, cells) : cells;
  });
  /** B − A of the classes, whatever their order; null without A. */
  readonly change: Float64Array | null = $derived.by(() =>
    this.other && this.of.matrix ? differenceValues(this.other, this.of.matrix, this.unit) : null,
  );
  /** B − A as it is drawn; null unless a comparison was chosen. */
  readonly shown = $derived.by(() => {
    if (this.mode === "nothing" || !this.other || !this.of.shown) return null;
    const other = binned(this.other, this.of.bins);
    return { other, values: differenceValues(other, this.of.shown, this.unit) };
  });
  /** Why there is nothing to compare with, in a sentence. */
  readonly problem: string | null = $derived.by(() => {
    if (this.mode === "nothing") return null;
    if (this.mode === "run" && !this.run) return obstructionText({ why: "no other matrices" });
    if (this.mode === "split" && !this.split) return obstructionText({ why: "one split" });
    if (this.mode === "step" && !this.slot) return obstructionText({ why: "no earlier step" });
    const [a, b] = [this.matrix.value?.shape[0], this.of.matrix?.classes];
    if (a !== undefined && b !== undefined && a !== b)
      return obstructionText({ why: "other classes", side: this.label, classes: a, own: b });
    return null;
  });

  constructor(
    readonly store: SampleSelection,
    readonly of: DisplayedMatrix,
  ) {}

  /** Asks for the other matrix; to be called in an effect of the view. */
  want(): void {
    const { store, slot, split } = this;
    const name = this.#name;
    if (this.mode === "run" && name && this.#entry) store.server.want(name, this.#entry.version);
    if (!name || !slot?.record || !split) return this.matrix.clear();
    const url = address("matrix", { ...name, step: slot.step, split, v: slot.record.v });
    this.matrix.want(url, (key, signal) => this.of.frames.get(key, signal));
  }
}
