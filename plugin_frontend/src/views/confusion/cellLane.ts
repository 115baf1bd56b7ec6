/** How often the kept cell of the confusion matrix occurs at each step, for the lane of the timeline. */
import { amountText, cellText } from "../../model/sentences";
import { countLane, type StepLane } from "../../model/lane";
import type { Store } from "../../state/store.svelte";

export function cellLane(store: Store): StepLane | null {
  const { keptCell, confusion } = store;
  const values = keptCell && confusion.history.cellValues(keptCell);
  if (!keptCell || !values) return null;
  const pair = [confusion.name(keptCell.truth), confusion.name(keptCell.predicted)] as const;
  return { ...countLane(cellText(...pair), values, (count) => amountText(confusion, count)), pair };
}
