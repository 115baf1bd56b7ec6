/** The sentence of the Sample view, computed from the line on the screen. */
import { weightText } from "../../model/ranking";
import { chosen, plain, quiet, strong, type Part } from "../../model/sentence";
import type { Entry } from "./sampleReading.svelte";

export interface SampleWords {
  /** What the query is called; null where the average over all queries, or a gate, is read. */
  query: string | null;
  queries: number;
  /** What the values of a gate are, in words; null for attention. */
  gate: string | null;
  /** By falling weight. */
  entries: Entry[];
  /** The key pointed at; null: the strongest. */
  pointed: number | null;
  uniform: number;
  /** The line one step earlier, and what that step is called. */
  before: Float32Array | null;
  beforeName: string;
  /** "mean of 4 heads", or nothing. */
  pooling: string;
}

const times = (value: number) => (value < 0.1 ? String(Number(value.toPrecision(1))) : value.toFixed(1));

export function describeSample(words: SampleWords): Part[] {
  const { entries, pointed } = words;
  const at = pointed === null ? 0 : entries.findIndex((entry) => entry.positions.includes(pointed));
  const entry = entries[at];
  if (!entry) return [plain(pointed === null ? "" : "This position is left out.")];
  const value = strong(`${entry.name}: ${weightText(entry.weight)}`);
  const rank = 1 + entries.filter((other) => other.weight > entry.weight).length;
  const place = `, rank ${rank} of ${entries.length}`;
  const more = `${place}, ${times(entry.weight / words.uniform)} times uniform (${weightText(words.uniform)})`;
  const then = words.before ? entry.positions.reduce((sum, key) => sum + (words.before![key] ?? NaN), 0) : NaN;
  const end = [
    ...(Number.isNaN(then) ? [] : [plain(`; ${words.beforeName}: ${weightText(then)}`)]),
    ...(words.pooling ? [quiet(` · ${words.pooling}`)] : []),
  ];
  if (Number.isNaN(entry.weight)) return [value, plain(", not a number: the model's weights have diverged.")];
  if (words.gate !== null) return [value, plain(`${place}, ${words.gate}`), ...end];
  if (words.query === null)
    return [plain(`All ${words.queries} queries look on average at `), value, plain(more), ...end];
  return [chosen(words.query), plain(" looks at "), value, plain(more), ...end];
}
