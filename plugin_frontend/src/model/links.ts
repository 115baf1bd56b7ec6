/** The strongest weights of a map as lines from a query to a key. */
import type { AttentionMap } from "./maps";

export interface Link {
  query: number;
  key: number;
  weight: number;
}

/** "top100": so many of the strongest; "above.05": all from a weight on. */
export type LinkRule = `top${number}` | `above${number}`;

const BINS = 4096;
/** More lines than this could not be distinguished. */
const MOST = 3000;

/** The weight from which on there are about `count` weights: found by counting, because sorting 16 million takes seconds. */
function weightOfRank(map: AttentionMap, queries: number[], keys: number[], count: number): number {
  let largest = 0;
  const each = (visit: (weight: number) => void) => {
    for (const query of queries) for (const key of keys) visit(map.weights[query * map.columns + key]!);
  };
  each((weight) => (largest = weight > largest ? weight : largest));
  if (!(largest > 0)) return Infinity;
  const bins = new Uint32Array(BINS);
  // By square root: most weights are small, and their bins should not be the widest.
  each((weight) => weight > 0 && bins[Math.min(BINS - 1, Math.floor(Math.sqrt(weight / largest) * BINS))]!++);
  let seen = 0;
  for (let bin = BINS - 1; bin >= 0; bin--) {
    seen += bins[bin]!;
    if (seen >= count) return (bin / BINS) ** 2 * largest;
  }
  return 0;
}

/** By falling weight; of `queries` and `keys` only; weights that are 0 or less are no links. */
export function strongest(map: AttentionMap, queries: number[], keys: number[], rule: LinkRule): Link[] {
  const number = Number(rule.replace(/^(top|above)/, ""));
  const top = rule.startsWith("top");
  const from = top ? weightOfRank(map, queries, keys, number) : number;
  const links: Link[] = [];
  for (const query of queries) {
    for (const key of keys) {
      const weight = map.weights[query * map.columns + key]!;
      if (weight >= from && weight > 0) links.push({ query, key, weight });
    }
  }
  links.sort((a, b) => b.weight - a.weight);
  return links.slice(0, top ? number : MOST);
}
