/** A of the Compare view on the timeline, whose handle is B. */
import { counterpart } from "../../model/timeline";
import type { Store } from "../../state/store.svelte";

/** The slot at which A lies: of another run, the one with the same epoch; -1 while nothing is compared. */
export function comparedSlot(store: Store): number {
  const { slot, by } = store.data.compare;
  // Two heads and two samples are compared at one step.
  if (by === "heads" || by === "samples") return -1;
  return store.view === "compare" && slot && store.slots.length > 1 ? counterpart(store.slots, slot) : -1;
}

/** Whether A and B are two steps of one run, so that the film has both. */
export function comparesSteps(store: Store): boolean {
  return store.data.compare.run === store.run?.run;
}
