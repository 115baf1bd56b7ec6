/** Where a picture, a table or a page is from: run, step, layer, head, sample. */
import { kindsText, partText } from "../model/kindWords";
import { mapShape } from "../model/maps";
import { averagedText } from "../model/sentences";
import { stepName } from "../model/timeline";
import type { View } from "../state/choices.svelte";
import type { Store } from "../state/store.svelte";

const OF_ONE_HEAD: View[] = ["head", "sample", "compare", "runs"];
const OF_ALL_HEADS: View[] = ["overview", "epochs"];
const OF_NO_SAMPLE: View[] = ["samples", "confusion"];
/** More runs are counted, not named. */
const MOST_NAMED = 6;

function runsOf({ view, run, runList }: Store): string {
  const { chosen } = runList;
  if (view !== "runs" || chosen.length < 2) return run ? `run ${run.run}` : "";
  return chosen.length > MOST_NAMED ? `${chosen.length} runs` : `runs ${chosen.join(", ")}`;
}

function headsOf({ view, site, head, sites }: Store): string[] {
  if (site && OF_ONE_HEAD.includes(view))
    return [`layer ${site.path}`, ...(mapShape(site).heads > 1 ? [partText(site, head)] : [])];
  const heads = sites.reduce((sum, each) => sum + mapShape(each).heads, 0);
  return site && OF_ALL_HEADS.includes(view)
    ? [`${sites.length} ${sites.length === 1 ? "layer" : "layers"}, ${heads} ${kindsText(sites, heads)}`]
    : [];
}

function samplesOf({ view, sample, averaging, confusion }: Store): string {
  if (view === "confusion") return confusion.split ?? "";
  if (!sample || OF_NO_SAMPLE.includes(view)) return "";
  if (averaging.ofMeasures && averaging.facts) return `mean of ${averagedText(averaging.facts)}`;
  const label = sample.label && "name" in sample.label ? ` (${sample.label.name})` : "";
  return `sample ${sample.id}${label}`;
}

export function captionOf(store: Store): string {
  return [runsOf(store), store.slot ? stepName(store.slot) : "", ...headsOf(store), samplesOf(store)]
    .filter(Boolean)
    .join(" · ");
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
