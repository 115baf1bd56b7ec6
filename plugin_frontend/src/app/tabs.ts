/** The views that there are for this run, in the order of their tabs and of the keys 1, 2, 3 ... */
import { kindWords } from "../model/kindWords";
import type { View } from "../state/choices.svelte";
import type { Store } from "../state/store.svelte";

/** The view of one map is named by what all maps of the run are: "Head", unless all are gates. */
function headTab({ sites }: Store): string {
  const [one, ...others] = [...new Set(sites.map((site) => kindWords(site).one))];
  return one && !others.length ? one.charAt(0).toUpperCase() + one.slice(1) : "Head";
}

export function viewTabs(store: Store): { view: View; name: string }[] {
  return [
    { view: "overview", name: "Overview" },
    { view: "head", name: headTab(store) },
    { view: "sample", name: "Sample" },
    { view: "samples", name: "Samples" },
    ...(store.matricesName ? [{ view: "confusion" as const, name: "Confusion" }] : []),
    { view: "epochs", name: "Epochs" },
    { view: "compare", name: "Compare" },
    ...(store.runList.all.length > 1 ? [{ view: "runs" as const, name: "Runs" }] : []),
  ];
}
