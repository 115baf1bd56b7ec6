/** What the views of confusion share: the matrix on the screen, what it is compared with, lines over the steps, examples. */
import { address } from "../api/client";
import { ConfusionComparison } from "./confusionComparison.svelte";
import { ConfusionHistory } from "./confusionHistory.svelte";
import { CellExamples } from "./cellExamples.svelte";
import { DisplayedMatrix } from "./displayedMatrix.svelte";
import { MatrixColors } from "./matrixColors.svelte";

export class ConfusionState extends DisplayedMatrix {
  readonly against = new ConfusionComparison(this.store, this);
  readonly history = new ConfusionHistory(this.store, this);
  readonly examples = new CellExamples(this.store, this);
  readonly colors = new MatrixColors(this.store, this);

  /** Asks for what the view needs besides the matrix; to be called in an effect of the view. */
  want(): void {
    const { record, split } = this;
    const { matricesName, server } = this.store;
    const fetch = (url: string, signal: AbortSignal) => server.client.get(url, signal);
    const of = (route: string) =>
      address(route, { ...matricesName, step: record?.step, split: split ?? undefined, v: record?.v });
    if (!record || !split || !matricesName) return;
    if (this.kind === "labels") this.labels.want(of("labels"), fetch);
    else this.labels.clear();
    if (this.splits[split]?.bins) this.histogram.want(of("histogram"), fetch);
    else this.histogram.clear();
    // The newest order for all steps: rows that stay where they are can be followed over time.
    const ordered = this.store.matrices?.steps.findLast((step) => step.similarity);
    if (this.order === "similarity" && ordered) {
      this.similarity.want(address("order", { ...matricesName, step: ordered.step, v: ordered.v }), fetch);
    }
  }

  /** Another series: nothing of the old one may stay. */
  clear(): void {
    for (const resource of [this.labels, this.histogram, this.similarity]) resource.clear();
    this.frames.clear();
    this.against.matrix.clear();
    this.history.clear();
    this.examples.clear();
    this.threshold = null;
    this.label = 0;
  }

  retry(): void {
    const { frames, labels, histogram, similarity, against, examples } = this;
    const resources = [frames.matrix, labels, histogram, similarity, against.matrix, examples.answer];
    for (const resource of resources) resource.retry();
    this.want();
    this.against.want();
  }
}
