/** Values over the same positions as lines, one below the other: over steps, layers, heads or classes. */
import { shortStepName } from "../../model/timeline";
import type { Store } from "../../state/store.svelte";

export interface Line {
  name: string;
  /** The name in a list of several. */
  short?: string;
  values: Float32Array;
  /** Whether it is the one that the view shows. */
  shown: boolean;
  /** Shows it. */
  open: () => void;
}

/** `values`: as the steps of the series. A line leads to its step. */
export function linesOverSteps(store: Store, values: Float32Array[]): Line[] {
  const steps = store.maps?.steps ?? [];
  const slots = new Map(store.slots.map(({ record }, index) => [record, index]));
  return values.flatMap((line, i) => {
    const index = slots.get(steps[i] ?? null) ?? -1;
    const slot = store.slots[index];
    return slot
      ? [{ name: shortStepName(slot), values: line, shown: index === store.slotIndex, open: () => store.goTo(index) }]
      : [];
  });
}
