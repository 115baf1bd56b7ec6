/** The sentence of the Head view, computed from the weights on the screen. */
import type { AttentionMap } from "../../model/maps";
import type { Positions } from "../../model/positions";
import { rankOf, ranked, weightText } from "../../model/ranking";
import { chosen, plain, quiet, strong, type Part } from "../../model/sentence";
import type { Site } from "../../api/wire";

export interface HeadWords {
  site: Site;
  map: AttentionMap;
  /** The map one step earlier, and what that step is called. */
  before: AttentionMap | null;
  beforeName: string | null;
  queries: Positions;
  keys: Positions;
  eightBit: boolean;
  /** How many keys are left out, so that the rest sums to 1. */
  leftOut?: number;
}

const at = (map: AttentionMap | null, query: number, key: number) => map?.weights[query * map.columns + key] ?? NaN;

const timesText = (times: number) => (times < 0.1 ? String(Number(times.toPrecision(1))) : times.toFixed(1));

function ending({ before, beforeName, eightBit, leftOut = 0 }: HeadWords, query: number, key: number): Part[] {
  const then = at(before, query, key);
  const earlier = beforeName && !Number.isNaN(then) ? [plain(`; ${beforeName}: ${weightText(then)}`)] : [];
  const keys = leftOut === 1 ? "1 special key" : `${leftOut} special keys`;
  const rest = leftOut ? [quiet(` · without ${keys}; the rest sums to 1`)] : [];
  return [...earlier, ...rest, ...(eightBit ? [quiet(" · stored in 8 bits")] : [])];
}

/** One cell of the map: "CLS looks at row 1, col 5: 0.169, rank 1 of 50, 8.4 times uniform (0.0200); epoch 13: 0.186". */
export function describeCell(words: HeadWords, query: number, key: number): Part[] {
  const { map, queries, keys } = words;
  const weight = at(map, query, key);
  const start = [chosen(queries.name(query)), plain(" looks at "), strong(`${keys.name(key)}: ${weightText(weight)}`)];
  if (Number.isNaN(weight)) return [...start, plain(", not a number: the model's weights have diverged.")];
  const row = map.weights.subarray(query * map.columns, (query + 1) * map.columns);
  const count = keys.shown.length;
  const rank = rankOf(row, key, keys.shown);
  return [
    ...start,
    plain(`, rank ${rank} of ${count}, ${timesText(weight * count)} times uniform (${weightText(1 / count)})`),
    ...ending(words, query, key),
  ];
}

/** A query at rest: its strongest key. */
export function describeRow(words: HeadWords, query: number): Part[] {
  const row = words.map.weights.subarray(query * words.map.columns, (query + 1) * words.map.columns);
  const best = ranked(row, words.keys.shown)[0];
  return best ? describeCell(words, query, best.position) : [];
}

/** A key at rest: who looks at it most, and how much it gets on average. */
export function describeColumn(words: HeadWords, key: number): Part[] {
  const { map, queries, keys } = words;
  const column = Float32Array.from({ length: map.rows }, (_, query) => at(map, query, key));
  const best = ranked(column, queries.shown)[0];
  if (!best) return [];
  const mean = queries.shown.reduce((sum, query) => sum + column[query]!, 0) / queries.shown.length;
  return [
    chosen(keys.name(key)),
    plain(" is looked at most by "),
    strong(`${queries.name(best.position)}: ${weightText(best.weight)}`),
    plain(`; by all queries ${weightText(mean)} on average, ${timesText(mean * keys.shown.length)} times uniform`),
    ...ending(words, best.position, key),
  ];
}

const OPEN = 0.95;
const CLOSED = 0.05;

/** A gate or an activation: how many are open, and the one pointed at (else the most open one). */
export function describeGate(words: HeadWords, pointed: number | null): Part[] {
  const { site, map, keys } = words;
  const values = map.weights;
  const count = keys.shown.length;
  const position = pointed ?? ranked(values, keys.shown)[0]?.position ?? 0;
  const value = values[position] ?? NaN;
  const rank = rankOf(values, position, keys.shown);
  const above = keys.shown.filter((key) => values[key]! > OPEN).length;
  const below = keys.shown.filter((key) => values[key]! < CLOSED).length;
  const verb = site.kind === "activation" ? "is at" : "lets through";
  const sums =
    site.kind === "activation"
      ? `${above} of ${count} are above ${OPEN}, ${below} below ${CLOSED}`
      : `${above} of ${count} are open (above ${OPEN}), ${below} closed (below ${CLOSED})`;
  return [
    strong(sums),
    plain("; "),
    chosen(keys.name(position)),
    plain(` ${verb} `),
    strong(weightText(value)),
    plain(`, rank ${rank} of ${count}`),
    ...ending(words, 0, position),
  ];
}
