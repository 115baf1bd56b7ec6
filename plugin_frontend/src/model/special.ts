/** Positions that carry no content: special tokens, extra positions such as CLS, and sinks. They can be left out. */
import type { AttentionMap } from "./maps";
import type { Positions } from "./positions";

const SPECIAL =
  /^(\[(cls|sep|pad|mask|bos|eos|start|end)\]|<\/?s>|<(pad|bos|eos|cls|sep|mask|start|end|sos)>|<\|[^|]{1,40}\|>)$/i;

export function isSpecialToken(token: string): boolean {
  return SPECIAL.test(token);
}

/** A key is a sink if it gets this share of all queries' attention on average, among at least so many keys. */
export const SINK_SHARE = 0.3;
const FEWEST_KEYS = 8;

/** Keys at which nearly all queries look: attention that is parked, not spent. */
export function sinks(map: AttentionMap, queries: number[], keys: number[]): number[] {
  if (keys.length < FEWEST_KEYS || map.rows < 2) return [];
  return keys.filter((key) => {
    const sum = queries.reduce((total, query) => total + (map.weights[query * map.columns + key] ?? 0), 0);
    return sum / queries.length >= SINK_SHARE;
  });
}

/** The positions of an axis that are special by name. */
export function specialPositions(axis: Positions): number[] {
  return axis.shown.filter((position) =>
    axis.tokens ? isSpecialToken(axis.tokens[position] ?? "") : axis.extra.some((extra) => extra.position === position),
  );
}

/** An axis without some of its shown positions; whole, if nothing would be left. */
export function withoutPositions(axis: Positions, hidden: Iterable<number>): Positions {
  const left = new Set(hidden);
  const shown = axis.shown.filter((position) => !left.has(position));
  return shown.length ? { ...axis, shown } : axis;
}

/** The map with each row divided by its sum over the keys that are shown; rows that are 0 there stay as they are. */
export function renormalise(map: AttentionMap, keys: number[]): AttentionMap {
  const weights = map.weights.slice();
  for (let row = 0; row < map.rows; row++) {
    const from = row * map.columns;
    const sum = keys.reduce((total, key) => total + weights[from + key]!, 0);
    if (sum > 0) for (let column = 0; column < map.columns; column++) weights[from + column]! /= sum;
  }
  return { ...map, weights };
}
