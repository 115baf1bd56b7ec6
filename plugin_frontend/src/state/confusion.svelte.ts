/** The matrix on the screen and how its classes are arranged: what the views of confusion share. */
import { SvelteSet } from "svelte/reactivity";
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import { binned, binsOfClasses, groupedBins, orderedClasses, singleBins, type Bin } from "../model/confusionOrder";
import type { Confusion, ConfusionKind } from "../model/confusion";
import { classScores, labelScores } from "../model/confusionScores";
import { atThreshold, histogramOf, thresholds } from "../model/confusionThreshold";
import type { Slot } from "../model/timeline";
import { Against } from "./confusionAgainst.svelte";
import { Courses } from "./confusionCourses.svelte";
import { Examples } from "./confusionExamples.svelte";
import { MatrixFrames } from "./matrixFrames.svelte";
import { Resource } from "./resource.svelte";
import type { Store } from "./store.svelte";

export class ConfusionState {
  readonly labels = new Resource<NpyArray>();
  readonly histogram = new Resource<NpyArray>();
  readonly similarity = new Resource<NpyArray>();
  readonly frames: MatrixFrames;
  readonly against: Against;
  readonly courses: Courses;
  readonly examples: Examples;
  /** Groups of classes that are drawn as one. */
  readonly folded = new SvelteSet<string>();
  /** The threshold tried out; null for that of the training. */
  threshold = $state.raw<number | null>(null);
  /** Which label's scores are shown. */
  label = $state(0);

  readonly slot: Slot | null = $derived.by(() => this.store.matrixSlot);
  readonly record = $derived(this.slot?.record ?? null);
  readonly splits = $derived(this.record?.splits ?? {});
  readonly split: string | null = $derived.by(() => this.store.data.splitOf(this.splits));
  readonly kind: ConfusionKind = $derived(this.record?.kind ?? "classes");
  readonly weighted = $derived((this.split !== null && this.splits[this.split]?.weighted) || false);
  readonly names: string[] | null = $derived.by(() => this.store.matrices?.class_names ?? this.store.classNames);
  readonly groups = $derived.by(() => this.store.matrices?.class_groups ?? []);
  /** Whether the matrix on the screen is that of the step chosen, not still the one before it. */
  readonly current = $derived.by(() => this.store.data.matrix.key === this.store.data.matrixAddress(this.slot));

  /** As it was counted. */
  readonly stored: Confusion | null = $derived.by(() => {
    const array = this.store.data.matrix.value;
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
    if (this.kind !== "binary" || this.threshold === null || !this.at || this.stored?.classes !== 2) return this.stored;
    const { trueNo, falseYes, falseNo, trueYes } = this.at;
    return { classes: 2, counts: Float64Array.of(trueNo, falseYes, falseNo, trueYes), weighted: this.weighted };
  });
  readonly scores = $derived.by(() => {
    if (this.kind === "labels") return this.labels.value ? labelScores(this.labels.value.data) : [];
    return this.matrix ? classScores(this.matrix) : [];
  });

  readonly bins: Bin[] = $derived.by(() => {
    const order = this.store.choices.options.values.classes;
    const matrix = this.stored;
    if (!matrix) return [];
    if (order === "groups" && this.groups.length) {
      return groupedBins(this.groups, this.folded, matrix.classes, this.name);
    }
    return singleBins(orderedClasses(matrix, order, this.similarity.value?.data ?? null), this.name);
  });
  readonly binOf = $derived(binsOfClasses(this.bins, this.stored?.classes ?? 0));
  readonly shown: Confusion | null = $derived(this.matrix && binned(this.matrix, this.bins));

  constructor(readonly store: Store) {
    this.frames = new MatrixFrames(store);
    this.against = new Against(store, this);
    this.courses = new Courses(store, this);
    this.examples = new Examples(store, this);
  }

  readonly name = (index: number): string => this.names?.[index] ?? String(index);

  /** Asks for what the view needs besides the matrix; to be called in an effect of the view. */
  want(): void {
    const { record, split } = this;
    const { matricesName, server } = this.store;
    const fetch = (url: string, signal: AbortSignal) => server.client.peek(url) ?? server.client.array(url, signal);
    const of = (route: string) =>
      address(route, { ...matricesName, step: record?.step, split: split ?? undefined, v: record?.v });
    if (!record || !split || !matricesName) return;
    if (this.kind === "labels") this.labels.want(of("labels"), fetch);
    else this.labels.clear();
    if (this.splits[split]?.bins) this.histogram.want(of("histogram"), fetch);
    else this.histogram.clear();
    // The newest order for all steps: rows that stay where they are can be followed over time.
    const ordered = this.store.matrices?.steps.findLast((step) => step.similarity);
    if (this.store.choices.options.values.classes === "similarity" && ordered) {
      this.similarity.want(address("order", { ...matricesName, step: ordered.step, v: ordered.v }), fetch);
    }
  }

  /** Another series: nothing of the old one may stay. */
  clear(): void {
    for (const resource of [this.labels, this.histogram, this.similarity]) resource.clear();
    this.frames.clear();
    this.against.matrix.clear();
    this.courses.clear();
    this.examples.clear();
    this.folded.clear();
    this.threshold = null;
    this.label = 0;
  }

  retry(): void {
    const resources = [this.labels, this.histogram, this.similarity, this.against.matrix, this.examples.answer];
    for (const resource of resources) resource.retry();
    this.want();
    this.against.want();
  }
}
