/** The matrix as a table for the CSV: a row for each pair of classes that occurs, and what it is compared with. */
import type { Table } from "../../model/table";
import type { ConfusionState } from "../../state/confusionState.svelte";

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
