/** Sites and heads as rows and columns, and their names for people. */
import { partText } from "./kindWords";
import type { Site } from "../api/wire";
import { mapShape } from "./maps";
import { shortNames } from "./shortNames";

export interface HeadIndex {
  site: number;
  head: number;
}

export function headCounts(sites: Site[]): number[] {
  return sites.map((site) => mapShape(site).heads);
}

/** Of each site the index of its first head. Asked for every head at every step: counting anew each time would be quadratic. */
const firstHeads = new WeakMap<Site[], number[]>();

/** The index of a head in the order of the measures: the heads of all sites one after the other. */
export function flatHead(sites: Site[], { site, head }: HeadIndex): number {
  let first = firstHeads.get(sites);
  if (!first) {
    let from = 0;
    first = headCounts(sites).map((heads) => (from += heads) - heads);
    firstHeads.set(sites, first);
  }
  return (first.at(site) ?? 0) + head;
}

/** The head at an index in the order of the measures. */
export function headAt(sites: Site[], flat: number): HeadIndex {
  let [site, head] = [0, flat];
  for (const heads of headCounts(sites)) {
    if (head < heads) break;
    head -= heads;
    site++;
  }
  return { site, head };
}

/** The parts that all of several lists share, at the front and at the back, left out; one part of each is always kept. */
function withoutShared(lists: string[][], front: boolean): string[][] {
  const shortest = Math.min(...lists.map((parts) => parts.length));
  const alike = (at: number) => lists.every((parts) => parts.at(at) === lists[0]!.at(at));
  let first = 0;
  while (front && first < shortest - 1 && alike(first)) first++;
  let last = 0;
  while (last < shortest - 1 - first && alike(-1 - last)) last++;
  return lists.map((parts) => parts.slice(first, parts.length - last));
}

/** So many letters have room beside the maps and in sentences. */
const MOST = 18;
const known = new WeakMap<Site[], string[]>();

/**
 * Unique names of sites, the same wherever they are listed: their paths without the parts that all of them share, and
 * shortened where that is still long. "encoder/block_1/attention" and "block_1_attention" among their like become
 * "block_1"; a lone site keeps the last part of its path.
 */
export function siteNames(sites: Site[], most = MOST): string[] {
  const names = known.get(sites) ?? shortNames(distinctParts(sites), MOST);
  known.set(sites, names);
  return most < MOST ? shortNames(distinctParts(sites), most) : names;
}

/** How many letters fit beside the maps, in a column of so many pixels; as many as usual while its width is not known. */
export const lettersIn = (width: number): number => (width > 0 ? Math.max(8, Math.floor((width - 20) / 6.2)) : MOST);

function distinctParts(sites: Site[]): string[] {
  const paths = sites.map((site) => site.path.split("/"));
  if (paths.length < 2) return paths.map((parts) => parts.at(-1) ?? "");
  const short = withoutShared(paths, true);
  if (short.some((parts) => parts.length > 1)) return short.map((parts) => parts.join("/"));
  return withoutShared(
    short.map((parts) => parts.join("/").split("_")),
    false,
  ).map((words) => words.join("_"));
}

/** The names of sites where there is little room: their numbers where they differ by nothing else. */
export function shortestNames(sites: Site[]): string[] {
  const names = siteNames(sites);
  const parts = names.map((name) => /^(.*?)(\d+)$/.exec(name));
  const numbered = names.length > 1 && parts.every((part) => part && part[1] === parts[0]?.[1]);
  return numbered ? parts.map((part) => part![2]!) : names;
}

/** The layer, and the head where the layer has several. */
export function headName(sites: Site[], site: number, head: number): string {
  const name = siteNames(sites)[site] ?? "";
  return sites[site] && mapShape(sites[site]).heads > 1 ? `${name} · ${partText(sites[site], head)}` : name;
}

/** The head `by` further on in the same site, or the same head `by` sites on; stays inside. */
export function moveHead(sites: Site[], from: HeadIndex, sitesOn: number, headsOn: number): HeadIndex {
  const site = Math.max(0, Math.min(sites.length - 1, from.site + sitesOn));
  const heads = sites[site] ? mapShape(sites[site]).heads : 1;
  return { site, head: Math.max(0, Math.min(heads - 1, from.head + headsOn)) };
}

/** Gates and activations: what the program draws as how far something is open, not as who looks at whom. */
export function hasGateKind(site: Site): boolean {
  return site.kind === "gate" || site.kind === "activation";
}
