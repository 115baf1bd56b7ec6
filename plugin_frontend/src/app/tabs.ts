/** The views that there are for this run, in the order of their tabs and of the keys 1, 2, 3 ... */
import type { View } from "../state/choices.svelte";
import type { Store } from "../state/store.svelte";

export function viewTabs(store: Store): { view: View; name: string }[] {
  return [
    { view: "overview", name: "Overview" },
    { view: "head", name: "Head" },
    { view: "sample", name: "Sample" },
    { view: "samples", name: "Samples" },
    ...(store.matricesName ? [{ view: "confusion" as const, name: "Confusion" }] : []),
    { view: "epochs", name: "Epochs" },
    { view: "compare", name: "Compare" },
    ...(store.runList.all.length > 1 ? [{ view: "runs" as const, name: "Runs" }] : []),
  ];
}
