/** How focused each head is, from 0 (looks everywhere alike) to 1 (looks at one place): for the small maps of heads. */
import type { Site } from "../api/wire";
import { headCounts } from "./heads";
import { mapShape } from "./maps";
import { measureAt, type Measures } from "./measures";

/** For each site, for each of its heads: 1 - entropy / its greatest; the largest weight where entropy means nothing. */
export function focusShare(measures: Measures | null, step: number, sites: Site[]): number[][] {
  const counts = headCounts(sites);
  let from = 0;
  return sites.map((site, s) => {
    const bits = Math.log2(Math.max(2, mapShape(site).keys));
    const shares = Array.from({ length: counts[s] ?? 0 }, (_, head) => {
      const entropy = measureAt(measures, step, from + head, "entropy");
      const share = Number.isNaN(entropy) ? measureAt(measures, step, from + head, "largest") : 1 - entropy / bits;
      return Math.max(0, Math.min(1, share));
    });
    from += counts[s] ?? 0;
    return shares;
  });
}
