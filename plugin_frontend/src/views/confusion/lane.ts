/** How often the kept cell of the confusion matrix occurs at each step, for the lane of the timeline. */
import { amountText, countOf } from "../../model/confusion";
import { countLane, type StepLane } from "../../model/lane";
import { className } from "../../model/samples";
import type { Store } from "../../state/store.svelte";

export function cellLane(store: Store): StepLane | null {
  const cell = store.keptCell;
  if (!cell) return null;
  // The matrices of other steps come ahead of being looked at, one after the other.
  void store.data.ahead.fetched;
  const matrices = store.matrixSlots.map((slot) => {
    const array = store.data.peekMatrix(slot);
    return array && { classes: array.shape[0] ?? 0, counts: array.data, weighted: false };
  });
  const weighted = matrices.some((matrix) => matrix?.counts.some((count) => !Number.isInteger(count)));
  const like = { classes: 0, counts: new Float64Array(), weighted };
  const counts = matrices.map((matrix) => (matrix ? countOf(matrix, cell) : NaN));
  const names = [cell.truth, cell.predicted].map((index) => className(store.classNames, index));
  return countLane(names.join(" → "), counts, (count) => amountText(like, count));
}
