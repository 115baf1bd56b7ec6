/** The heads of the chosen site that are drawn together: the chosen one first. */
import type { Store } from "../../state/store.svelte";

export function headsOf(store: Store, count: number): number[] {
  const others = store.choices.also.filter((head) => head !== store.head && head < count);
  return [Math.min(store.head, count - 1), ...others];
}
