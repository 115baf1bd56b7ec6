/** What a softmax gives to no key: the share of each row. */
import type { NumberArray } from "../api/npy";
import type { Site } from "../api/wire";
import { decodeRows } from "./encoding";
import { mapShape, type Choice } from "./maps";

/** The share of each query of one map, out of what the route `sink` sent; null where the site has no sink. */
export function sinkShares(site: Site, stored: NumberArray, choice: Choice): Float32Array | null {
  if (!site.sink) return null;
  const { heads, iterations, windows, queries } = mapShape(site);
  const map = (choice.head * iterations + choice.iteration) * windows + choice.window;
  return decodeRows(stored, site.sink.encoding, heads * iterations * windows, queries, map, 1);
}
