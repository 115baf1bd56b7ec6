/** The matrix and its classes as tables for CSV. */
import { meanScore, outcomesOfClasses, outcomesOfLabels } from "../../model/confusionScores";
import type { Table } from "../../model/table";
import type { ConfusionState } from "../../state/confusionState.svelte";

/** A row for each pair of classes that occurs, and what it is compared with. */
export function matrixTable(confusion: ConfusionState): Table {
  const { stored, matrix, against, name } = confusion;
  const counts = (matrix ?? stored)?.counts ?? [];
  const classes = stored?.classes ?? 0;
  const other = against.mode === "nothing" ? null : against.other;
  const rows: (string | number)[][] = [];
  for (let truth = 0, i = 0; truth < classes; truth++) {
    for (let predicted = 0; predicted < classes; predicted++, i++) {
      const [count, before] = [counts[i] ?? 0, other?.counts[i] ?? 0];
      if (count !== 0 || before !== 0)
        rows.push([name(truth), name(predicted), count, ...(other ? [before, count - before] : [])]);
    }
  }
  return { head: ["true", "predicted", "count", ...(other ? [`count in ${against.label}`, "difference"] : [])], rows };
}

/** A row for each class: its counts against all other classes, and its scores; then their means, as `classification_report` has them. */
export function classTable({ kind, labels, matrix, scores, name }: ConfusionState): Table {
  const ofLabels = kind === "labels" && labels.value ? outcomesOfLabels(labels.value.data) : [];
  const outcomes = kind === "labels" || !matrix ? ofLabels : outcomesOfClasses(matrix);
  const number = (value: number) => (Number.isNaN(value) ? "" : value);
  const rows = scores.map(({ index, precision, recall, f1, support }) => {
    const of = outcomes[index]!;
    const counts = [of.truePositives, of.falsePositives, of.falseNegatives, of.trueNegatives];
    return [name(index), ...counts, number(precision), number(recall), number(f1), support];
  });
  const means = (["macro", "weighted"] as const).map((mean) => {
    const { precision, recall, f1, support } = meanScore(scores, mean);
    return [`${mean} mean`, "", "", "", "", number(precision), number(recall), number(f1), support];
  });
  const counted = ["true positives", "false positives", "false negatives", "true negatives"];
  return { head: ["class", ...counted, "precision", "recall", "F1", "support"], rows: [...rows, ...means] };
}
