/** One head in several runs: where it is most and least focused, or what each run gives one cell. */
import { cellsShown, pooledSize } from "../overviewMaps";
import type { Site } from "../../api/wire";
import { lowestFirst, type MeasureName } from "../headValues";
import { kindWords } from "../kindWords";
import type { Positions } from "../positions";
import { weightText } from "../ranking";
import { measureText, measureWords } from "./measureWords";
import { chosen, named, plain, quiet, strong, type Part } from "./part";

export interface RunValue {
  run: string;
  /** "epoch 3". */
  step: string;
  /** NaN where it is not a number, or not known. */
  value: number;
  /** Whether it is known, be it a number or not. */
  measured?: boolean;
}

export interface RunsFacts {
  /** The head, and the site that it is of. */
  head: string;
  site: Site | null;
  measure: MeasureName;
  /** The measure of the head in each run whose map is on the screen. */
  values: RunValue[];
  /** How many runs are chosen, and how many there are. */
  chosen: number;
  of: number;
}

const runPart = (run: string) => named(run, { kind: "run", run }, "chosen");

export function describeRuns(facts: RunsFacts): Part[] {
  const { head, site, measure, values } = facts;
  const known = values.filter(({ value }) => !Number.isNaN(value));
  const sign = lowestFirst(measure) ? 1 : -1;
  const [first, ...others] = [...known].sort((a, b) => sign * (a.value - b.value));
  const last = others.at(-1);
  const missing = values.filter(({ value, measured }) => Number.isNaN(value) && measured).length;
  const without = missing ? `; in ${countOfRuns(missing)} its ${kindWords(site).value}s are not a number` : "";
  const subject = named(head);
  if (facts.chosen < 2) {
    const [only] = values;
    const value = first ? ` (${measureText(measure, first.value, site)} at ${first.step})` : "";
    const bad = missing ? ` (its ${kindWords(site).value}s are not a number)` : "";
    return [
      subject,
      plain(" in "),
      only ? runPart(only.run) : chosen("the run in focus"),
      plain(value || bad),
      quiet(`, the only chosen run of ${facts.of}: tick others to compare them.`),
    ];
  }
  if (!first && !missing)
    return [plain("None of the "), strong(`${facts.chosen} chosen runs`), plain(" shows "), subject, plain(".")];
  if (!first)
    return [
      subject,
      plain(`: the ${kindWords(site).value}s are `),
      strong("not a number"),
      plain(` in ${missing} runs.`),
    ];
  const words = measureWords(measure, site);
  if (!last)
    return [
      subject,
      plain(missing ? " is a number only in " : " is visible only in "),
      runPart(first.run),
      plain(` of the ${facts.chosen} chosen runs${without}.`),
    ];
  return [
    subject,
    plain(` ${words.most} in `),
    runPart(first.run),
    plain(` (${measureText(measure, first.value, site)} at ${first.step}) and least in `),
    runPart(last.run),
    plain(` (${weightText(last.value)} at ${last.step}), of ${known.length} runs${without}.`),
  ];
}

/** The weight of the cell under the pointer in every run. `from`, `to`: the query and the key in words. */
export function describeRunWeights(site: Site | null, from: string | null, to: string, weights: RunValue[]): Part[] {
  const most = 6;
  const rank = ({ value }: RunValue) => (Number.isNaN(value) ? -Infinity : value);
  const [first, ...others] = [...weights].sort((a, b) => rank(b) - rank(a));
  if (!first) return [];
  const rest = others
    .slice(0, most)
    .flatMap(({ run, value }, i) => [plain(i ? ", " : "; "), runPart(run), plain(` ${weightText(value)}`)]);
  return [
    ...(from === null ? [] : [named(from, undefined, "chosen"), plain(` ${kindWords(site).verb} `)]),
    named(to),
    plain(": most in "),
    runPart(first.run),
    strong(` ${weightText(first.value)}`),
    ...rest,
    quiet(others.length > most ? ` and ${others.length - most} more` : ""),
  ];
}

export interface PanelCell {
  row: number;
  column: number;
  rows: number;
  columns: number;
}

/** The name of the only position of a cell, or "“the” (word 16) to “end” (word 31)" where it was pooled from several. */
export function cellName(positions: Positions, index: number, cells: number): string {
  // Cells of nothing but padding are left out.
  const kept = cellsShown(positions, pooledSize(positions.size));
  const [cell, all] = kept.length === cells ? [kept[index] ?? index, pooledSize(positions.size)] : [index, cells];
  const first = Math.floor((cell * positions.size) / all);
  const last = Math.max(first, Math.ceil(((cell + 1) * positions.size) / all) - 1);
  return first === last ? positions.name(first) : `${positions.name(first)} to ${positions.name(last)}`;
}

/** What the header of a column of hyperparameters says when asked. */
export function parameterText(parameter: string): string {
  return `${parameter}, as the name of the run says it`;
}

/** What the header of a column of a further metric says when asked. */
export function furtherMetricText(metric: string, monitor: string): string {
  return `${metric} at the step with the best ${monitor}`;
}

/** What the button that chooses the best runs does. */
export function bestRunsText(count: number, monitor: string, higher: boolean): string {
  const runs = count === 1 ? "the run" : `the ${count} runs`;
  return `Choose ${runs} with the ${higher ? "highest" : "lowest"} ${monitor}, of those that pass the filter`;
}

/** The heading of a group of runs: `name` is null for the runs that are in no other. */
export function runGroupText(name: string | null, by: { parameter: string } | { expression: string }): string {
  return name ?? ("parameter" in by ? `without ${by.parameter}` : `without a match of ${by.expression}`);
}

export function countOfRuns(count: number): string {
  return count === 1 ? "1 run" : `${count} runs`;
}

/** Why an expression groups nothing. */
export function wrongExpressionText(expression: string): string {
  return `“${expression}” is not a regular expression, so the runs are not grouped.`;
}
