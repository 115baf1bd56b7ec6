/** Sites and heads as rows and columns, and their names for people. */
import type { Site } from "../api/wire";
import { mapShape } from "./maps";

export interface HeadPlace {
  site: number;
  head: number;
}

export function headCounts(sites: Site[]): number[] {
  return sites.map((site) => mapShape(site).heads);
}

/** The place of a head in the order of the measures: the heads of all sites one after the other. */
export function flatHead(sites: Site[], place: HeadPlace): number {
  return headCounts(sites.slice(0, place.site)).reduce((a, b) => a + b, 0) + place.head;
}

/**
 * Names that tell sites apart: paths without the parts that all of them share, at the front or at the end. "encoder/block_1/attention"
 * among its like becomes "block_1"; a lone site keeps the last part of its path.
 */
export function siteNames(sites: Site[]): string[] {
  const paths = sites.map((site) => site.path.split("/"));
  if (paths.length < 2) return paths.map((parts) => parts.at(-1) ?? "");
  const shortest = Math.min(...paths.map((parts) => parts.length));
  const alike = (place: (parts: string[]) => string | undefined) =>
    paths.every((parts) => place(parts) === place(paths[0]!));
  let front = 0;
  while (front < shortest - 1 && alike((parts) => parts[front])) front++;
  let back = 0;
  while (back < shortest - 1 - front && alike((parts) => parts.at(-1 - back))) back++;
  return paths.map((parts) => parts.slice(front, parts.length - back).join("/"));
}

/** The head `by` further on in the same site, or the same head `by` sites on; stays inside. */
export function moveHead(sites: Site[], place: HeadPlace, sitesOn: number, headsOn: number): HeadPlace {
  const site = Math.max(0, Math.min(sites.length - 1, place.site + sitesOn));
  const heads = sites[site] ? mapShape(sites[site]).heads : 1;
  return { site, head: Math.max(0, Math.min(heads - 1, place.head + headsOn)) };
}

/** Gates and activations: what the program draws as how far something is open, not as who looks at whom. */
export function hasGateKind(site: Site): boolean {
  return site.kind === "gate" || site.kind === "activation";
}
