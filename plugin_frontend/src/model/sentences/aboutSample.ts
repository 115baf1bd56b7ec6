/** One line along the keys of a sample: the strongest key, or the one pointed at. */
import type { Site, Step } from "../../api/wire";
import { countText, kindWords } from "../kindWords";
import { mapShape } from "../maps";
import { weightText } from "../ranking";
import { timesText } from "./amounts";
import { named, plain, quiet, stepPart, strong, type Part } from "./part";

/** One line along the keys of a sample, as it is read. */
export interface SampleFacts {
  site: Site | null;
  /** How heads and layers are pooled, and whether special tokens are left out. */
  options: { heads: string; layers: string; hide: string };
  layers: number;
  /** Keys, or words of several, by falling weight. */
  entries: { positions: number[]; weight: number; name: string }[];
  pointed: number | null;
  uniform: number;
  gate: boolean;
  /** Whether the line is the mean over all queries. */
  average: boolean;
  queries: number;
  query: string;
  /** The line one step earlier, and what that step is called. */
  before: Float32Array | null;
  beforeName: string;
  beforeStep?: Step | null;
}

/** "mean of 4 heads", or nothing. */
function pooling({ options, site, layers }: SampleFacts): string {
  const heads = site ? mapShape(site).heads : 1;
  const parts = [
    options.heads === "one" || heads < 2
      ? ""
      : `${options.heads} of ${countText(heads, { one: kindWords(site).part, many: `${kindWords(site).part}s` })}`,
    options.layers === "one" ? "" : `${options.layers} of ${layers} layers`,
    options.hide === "yes" ? "special tokens left out, the rest sums to 1" : "",
  ];
  return parts.filter(Boolean).join(", ");
}

export function describeSample(facts: SampleFacts): Part[] {
  const { entries, pointed, uniform, before, beforeName } = facts;
  const at = pointed === null ? 0 : entries.findIndex((entry) => entry.positions.includes(pointed));
  const entry = entries[at];
  if (!entry) return [plain(pointed === null ? "" : "This position is left out.")];
  const value = [named(entry.name), strong(`: ${weightText(entry.weight)}`)];
  const words = kindWords(facts.site);
  if (Number.isNaN(entry.weight)) return [...value, plain(", not a number: the model's weights have diverged.")];
  const rank = `, rank ${1 + entries.filter((other) => other.weight > entry.weight).length} of ${entries.length}`;
  const more = plain(`${rank}, ${timesText(entry.weight / uniform)} times uniform (${weightText(uniform)})`);
  const then = before ? entry.positions.reduce((sum, key) => sum + (before[key] ?? NaN), 0) : NaN;
  const pooled = pooling(facts);
  const end = [
    ...(Number.isNaN(then)
      ? []
      : [plain("; "), stepPart(beforeName, facts.beforeStep), plain(`: ${weightText(then)}`)]),
    ...(pooled ? [quiet(` · ${pooled}`)] : []),
  ];
  // In this order: the average is of queries, which a gate has not.
  if (facts.gate)
    return [
      ...value,
      plain(`${rank}, ${facts.site?.kind === "gate" ? "of what the gate lets through" : "of the values"}`),
      ...end,
    ];
  if (facts.average) return [plain(`All ${facts.queries} queries ${words.verbOfMany} `), ...value, more, ...end];
  return [named(facts.query, undefined, "chosen"), plain(` ${words.verb} `), ...value, more, ...end];
}
