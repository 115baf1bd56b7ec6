/** The matrix on the screen and how its classes are arranged. */
import type { NpyArray } from "../api/npy";
import {
  binned,
  binsOfClasses,
  groupedBins,
  orderedClasses,
  singleBins,
  type Bin,
  type ClassOrder,
} from "../model/confusionOrder";
import type { Confusion, ConfusionKind } from "../model/confusion";
import { classScores, labelScores } from "../model/confusionScores";
import { foldedGroups, foldedText, MANY_CLASSES } from "../model/foldedGroups";
import { atThreshold, histogramOf, thresholds } from "../model/confusionThreshold";
import type { Slot } from "../model/timeline";
import { ConfusionFrames } from "./confusionFrames.svelte";
import { Resource } from "./resource.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class DisplayedMatrix {
  readonly frames: ConfusionFrames;
  readonly labels = new Resource<NpyArray>();
  readonly histogram = new Resource<NpyArray>();
  readonly similarity = new Resource<NpyArray>();
  /** The threshold tried out; null for that of the training. */
  threshold = $state.raw<number | null>(null);
  /** Which label's scores are shown. */
  label = $state(0);

  readonly slot: Slot | null = $derived.by(() => this.store.matrixSlot);
  readonly record = $derived(this.slot?.record ?? null);
  readonly splits = $derived(this.record?.splits ?? {});
  readonly split: string | null = $derived.by(() => this.frames.splitOf(this.splits));
  readonly kind: ConfusionKind = $derived(this.record?.kind ?? "classes");
  readonly weighted = $derived((this.split !== null && this.splits[this.split]?.weighted) || false);
  readonly names: string[] | null = $derived.by(() => this.store.matrices?.class_names ?? this.store.classNames);
  readonly groups = $derived.by(() => this.store.matrices?.class_groups ?? []);
  /** Whether the matrix on the screen is that of the step chosen, not still the one before it. */
  readonly current = $derived.by(() => this.frames.matrix.key === this.frames.address(this.slot));

  /** As it was counted. */
  readonly stored: Confusion | null = $derived.by(() => {
    const array = this.frames.matrix.value;
    return array ? { classes: array.shape[0] ?? 0, counts: array.data, weighted: this.weighted } : null;
  });
  /** All thresholds of the score, or of the chosen label's; null where there is no histogram. */
  readonly points = $derived.by(() => {
    const array = this.histogram.value;
    return array && array.shape[2] ? thresholds(histogramOf(array.shape, array.data, this.label)) : null;
  });
  readonly at = $derived.by(() => {
    const threshold = this.threshold ?? this.record?.threshold ?? 0.5;
    return this.points && atThreshold(this.points, threshold);
  });
  /** As it would be with the threshold that is tried out. */
  readonly matrix: Confusion | null = $derived.by(() => {
    if (this.kind === "labels" || this.threshold === null || !this.at || this.stored?.classes !== 2) return this.stored;
    const { trueNegatives, falsePositives, falseNegatives, truePositives } = this.at;
    return {
      classes: 2,
      counts: Float64Array.of(trueNegatives, falsePositives, falseNegatives, truePositives),
      weighted: this.weighted,
    };
  });
  readonly scores = $derived.by(() => {
    if (this.kind === "labels") return this.labels.value ? labelScores(this.labels.value.data) : [];
    return this.matrix ? classScores(this.matrix) : [];
  });

  readonly #many = $derived.by(() => (this.record?.classes ?? 0) > MANY_CLASSES);
  readonly #tops = $derived(this.groups.map((_, i) => String(i)));
  readonly order: ClassOrder = $derived.by(() => {
    const { classes } = this.store.choices.options.values;
    if (classes !== "auto") return classes;
    return this.#many && this.groups.length ? "groups" : "given";
  });
  /** Paths of the groups that are drawn as one row and column. */
  readonly folded = $derived.by(() => foldedGroups(this.store.choices.folded, this.#tops, this.#many));
  readonly bins: Bin[] = $derived.by(() => {
    const { stored: matrix, order } = this;
    if (!matrix) return [];
    if (order === "groups" && this.groups.length) {
      return groupedBins(this.groups, this.folded, matrix.classes, this.name);
    }
    return singleBins(orderedClasses(matrix, order, this.similarity.value?.data ?? null), this.name);
  });
  readonly binOf = $derived(binsOfClasses(this.bins, this.stored?.classes ?? 0));
  readonly shown: Confusion | null = $derived(this.matrix && binned(this.matrix, this.bins));

  constructor(readonly store: SampleSelection) {
    this.frames = new ConfusionFrames(store);
  }

  /** Folds these groups, and no others. */
  fold(paths: Iterable<string>): void {
    this.store.choices.folded = foldedText(new Set(paths), this.#tops, this.#many);
  }

  readonly name = (index: number): string => this.names?.[index] ?? String(index);
}
