/** One head: a weight, a query or a key at rest, or how open a gate is. */
import type { Site, Step } from "../../api/wire";
import { kindWords } from "../kindWords";
import type { AttentionMap } from "../maps";
import type { Positions } from "../positions";
import { rankOf, ranked, weightText } from "../ranking";
import { timesText } from "./amounts";
import { named, plain, quiet, stepPart, strong, type Part } from "./part";

export interface MapFacts {
  site: Site;
  map: AttentionMap;
  /** The map one step earlier, and what that step is called. */
  before: AttentionMap | null;
  beforeName: string | null;
  beforeStep?: Step | null;
  /** The standard deviations over the samples that the map is averaged over. */
  deviation?: AttentionMap | null;
  queries: Positions;
  keys: Positions;
  eightBit: boolean;
  /** How many keys are left out, so that the rest sums to 1. */
  leftOut?: number;
}

const at = (map: AttentionMap | null, query: number, key: number) => map?.weights[query * map.columns + key] ?? NaN;

/** "0.12", "0.12 ± 0.04" of an average. */
function spreadText(facts: MapFacts, query: number, key: number): string {
  const deviation = at(facts.deviation ?? null, query, key);
  return `${weightText(at(facts.map, query, key))}${Number.isNaN(deviation) ? "" : ` ± ${weightText(deviation)}`}`;
}

function ending(
  { before, beforeName, beforeStep, eightBit, leftOut = 0 }: MapFacts,
  query: number,
  key: number,
): Part[] {
  const then = at(before, query, key);
  const earlier =
    beforeName && !Number.isNaN(then)
      ? [plain("; "), stepPart(beforeName, beforeStep), plain(`: ${weightText(then)}`)]
      : [];
  const keys = leftOut === 1 ? "1 special key" : `${leftOut} special keys`;
  const rest = leftOut ? [quiet(` · without ${keys}; the rest sums to 1`)] : [];
  return [...earlier, ...rest, ...(eightBit ? [quiet(" · stored in 8 bits")] : [])];
}

/** One cell of the map: "CLS looks at row 1, col 5: 0.169, rank 1 of 50, 8.4 times uniform (0.0200); epoch 13: 0.186". */
export function describeWeight(facts: MapFacts, query: number, key: number): Part[] {
  const { site, map, queries, keys } = facts;
  const weight = at(map, query, key);
  const start = [
    named(queries.name(query), undefined, "chosen"),
    plain(` ${kindWords(site).verb} `),
    named(keys.name(key)),
    strong(`: ${spreadText(facts, query, key)}`),
  ];
  if (Number.isNaN(weight)) return [...start, plain(", not a number: the model's weights have diverged.")];
  const row = map.weights.subarray(query * map.columns, (query + 1) * map.columns);
  const count = keys.shown.length;
  const rank = rankOf(row, key, keys.shown);
  return [
    ...start,
    plain(`, rank ${rank} of ${count}, ${timesText(weight * count)} times uniform (${weightText(1 / count)})`),
    ...ending(facts, query, key),
  ];
}

/** A query at rest: its strongest key. */
export function describeQuery(facts: MapFacts, query: number): Part[] {
  const row = facts.map.weights.subarray(query * facts.map.columns, (query + 1) * facts.map.columns);
  const best = ranked(row, facts.keys.shown)[0];
  return best ? describeWeight(facts, query, best.position) : [];
}

/** A key at rest: who looks at it most, and how much it gets on average. */
export function describeKey(facts: MapFacts, key: number): Part[] {
  const { site, map, queries, keys } = facts;
  const column = Float32Array.from({ length: map.rows }, (_, query) => at(map, query, key));
  const best = ranked(column, queries.shown)[0];
  if (!best) return [];
  const mean = queries.shown.reduce((sum, query) => sum + column[query]!, 0) / queries.shown.length;
  return [
    named(keys.name(key), undefined, "chosen"),
    plain(` ${kindWords(site).passiveMost} `),
    named(queries.name(best.position)),
    strong(`: ${spreadText(facts, best.position, key)}`),
    plain(`; by all queries ${weightText(mean)} on average, ${timesText(mean * keys.shown.length)} times uniform`),
    ...ending(facts, best.position, key),
  ];
}

const OPEN = 0.95;
const CLOSED = 0.05;

/** A gate or an activation: how many are open, and the one pointed at (else the most open one). */
export function describeGate(facts: MapFacts, pointed: number | null): Part[] {
  const { site, map, keys } = facts;
  const values = map.weights;
  const count = keys.shown.length;
  const position = pointed ?? ranked(values, keys.shown)[0]?.position ?? 0;
  const value = values[position] ?? NaN;
  const name = named(keys.name(position), undefined, "chosen");
  const bad = keys.shown.filter((key) => Number.isNaN(values[key])).length;
  if (bad === count) return [plain(`All ${count} values are `), strong("not a number"), plain(".")];
  const above = keys.shown.filter((key) => values[key]! > OPEN).length;
  const below = keys.shown.filter((key) => values[key]! < CLOSED).length;
  const isGate = site.kind === "gate";
  const sums = isGate
    ? `${above} of ${count} are open (above ${OPEN}), ${below} closed (below ${CLOSED})`
    : `${above} of ${count} are above ${OPEN}, ${below} below ${CLOSED}`;
  const start = [strong(sums), ...(bad ? [plain(`, ${bad} not a number`)] : []), plain("; ")];
  const said = isGate
    ? [plain("of "), name, plain(" it lets through "), strong(spreadText(facts, 0, position))]
    : [plain("its value at "), name, plain(" is "), strong(spreadText(facts, 0, position))];
  if (Number.isNaN(value)) return [...start, name, plain(" is not a number")];
  return [
    ...start,
    ...said,
    plain(`, rank ${rankOf(values, position, keys.shown)} of ${count}`),
    ...ending(facts, 0, position),
  ];
}
