/** Where a picture, a table or a page is from: run, step, layer, head, sample. */
import { kindsText, partText } from "../model/kindWords";
import { mapShape } from "../model/maps";
import { averagedText } from "../model/sentences";
import { stepName } from "../model/timeline";
import type { View } from "../state/choices.svelte";
import type { Store } from "../state/store.svelte";

/** Views of one head; the others show all of them, or none. */
const OF_A_HEAD: View[] = ["head", "sample", "epochs", "compare"];
const OF_NO_SAMPLE: View[] = ["samples", "confusion"];

export function captionOf(store: Store): string {
  const { site, sample, view } = store;
  const parts = [store.run ? `run ${store.run.run}` : "", store.slot ? stepName(store.slot) : ""];
  if (site && OF_A_HEAD.includes(view)) {
    parts.push(`layer ${site.path}`);
    if (mapShape(site).heads > 1) parts.push(partText(site, store.head));
  } else if (site && view === "overview") {
    const heads = store.sites.reduce((sum, each) => sum + mapShape(each).heads, 0);
    parts.push(
      `${store.sites.length} ${store.sites.length === 1 ? "layer" : "layers"}, ${heads} ${kindsText(store.sites, heads)}`,
    );
  }
  const { averaging } = store;
  if (averaging.ofMeasures && averaging.facts) parts.push(`mean of ${averagedText(averaging.facts)}`);
  else if (sample && !OF_NO_SAMPLE.includes(view)) {
    const label = sample.label && "name" in sample.label ? ` (${sample.label.name})` : "";
    parts.push(`sample ${sample.id}${label}`);
  }
  return parts.filter(Boolean).join(" · ");
}

export function fileParts(store: Store): (string | null)[] {
  return [
    "attention",
    store.run?.run ?? null,
    store.view,
    store.slot ? `step${store.slot.step}` : null,
    store.site?.path ?? null,
    `head${store.head}`,
    store.averaging.ofMeasures ? "mean" : (store.sample?.id ?? null),
  ];
}

/** Letters, digits, dots, hyphens and underscores of each part, joined by hyphens; at most 120 characters. */
export function fileName(parts: (string | number | null)[], ending: string): string {
  const words = parts.flatMap((part) => (part === null ? [] : String(part).replace(/[^\p{L}\p{N}._-]+/gu, "_")));
  return `${words.filter(Boolean).join("-").slice(0, 120)}.${ending}`;
}
