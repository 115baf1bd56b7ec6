/** All heads at one step: which stand out by the chosen measure, and what changed most. */
import type { Site, Step } from "../../api/wire";
import { hasGateKind, headCounts, headName, type HeadIndex } from "../heads";
import { lowestFirst, measureTitle, type MeasureName, type PlacedValue } from "../headValues";
import { countText, kindsText, kindWords } from "../kindWords";
import { mapShape } from "../maps";
import { hasDiverged, measureAt, type Measures } from "../measures";
import { weightText } from "../ranking";
import { courseText } from "./amounts";
import { measureText, measureWords } from "./measureWords";
import { named, plain, quiet, stepPart, strong, type Part } from "./part";

export interface HeadsFacts {
  measures: Measures | null;
  /** The measure by which heads are compared. */
  measure: MeasureName;
  /** Indices in the measures of this step and of the one before, -1 for none. */
  step: number;
  before: number;
  stepName: string;
  beforeName: string;
  /** The step before, where a click on its name leads. */
  beforeStep?: Step | null;
  sites: Site[];
}

/** All heads with a measure at a step, those without it left out. */
function valuesOf({ measures, sites }: HeadsFacts, step: number, name: MeasureName): PlacedValue[] {
  const values: PlacedValue[] = [];
  let flat = 0;
  headCounts(sites).forEach((heads, site) => {
    for (let head = 0; head < heads; head++) {
      const value = measureAt(measures, step, flat++, name);
      if (!Number.isNaN(value)) values.push({ site, head, value });
    }
  });
  return values;
}

const countAll = (sites: Site[]) => headCounts(sites).reduce((a, b) => a + b, 0);

/** "12 heads", "4 gates": heads of some sites, as they are called. */
function countedHeads(count: number, sites: Site[]): string {
  return `${count.toLocaleString("en")} ${kindsText(sites, count)}`;
}

/** The name of a head, which leads to it. */
export const headPart = (sites: Site[], { site, head }: HeadIndex): Part =>
  named(headName(sites, site, head), { kind: "head", site, head });

/** How many heads have weights that are not numbers. */
function divergedHeads({ measures, step, sites }: HeadsFacts): number {
  return Array.from({ length: countAll(sites) }, (_, flat) => hasDiverged(measures, step, flat)).filter(Boolean).length;
}

/** The heads that stand out, and how many are not numbers. */
export function describeOverview(facts: HeadsFacts): Part[] {
  const count = divergedHeads(facts);
  const all = countAll(facts.sites);
  if (!count) return describeNumbers(facts);
  const which = `${countText(count, kindWords(facts.sites[0]))} of ${all.toLocaleString("en")}`;
  const bad = [plain(`The weights of ${which} at ${facts.stepName} are `), strong("not a number")];
  return count === all ? [...bad, plain(".")] : [...bad, plain(". "), ...describeNumbers(facts)];
}

function describeNumbers(facts: HeadsFacts): Part[] {
  const { sites, stepName } = facts;
  const most = describeMost(facts);
  if (!most) return [plain(`${countedHeads(countAll(sites), sites)} at ${stepName}.`)];
  const change = describeLargestChange(facts);
  return change.length ? [...most, plain("; "), ...change, plain(".")] : [...most, plain(".")];
}

/** The head that has most of the measure, the least entropy; where nothing has it, as of gates, the one with the largest value. */
function describeMost(facts: HeadsFacts): Part[] | null {
  const { sites, step, measure } = facts;
  // One key leaves nothing to choose.
  const looking = valuesOf(facts, step, measure).filter(
    ({ site }) => !hasGateKind(sites[site]!) && mapShape(sites[site]!).keys > 1,
  );
  const gates = looking.length ? [] : valuesOf(facts, step, "largest").filter(({ site }) => hasGateKind(sites[site]!));
  const [among, name]: [PlacedValue[], MeasureName] = looking.length ? [looking, measure] : [gates, "largest"];
  if (!among.length) return null;
  const sign = lowestFirst(name) ? -1 : 1;
  const most = among.reduce((a, b) => (sign * b.value > sign * a.value ? b : a));
  const words = measureWords(name, sites[most.site]);
  const of = sites.filter((_, index) => among.some(({ site }) => site === index));
  return [
    headPart(sites, most),
    plain(` ${words.mostOf} ${countedHeads(among.length, of)} (${words.because(weightText(most.value))})`),
  ];
}

/** By entropy, or by the largest value where only gates are measured. */
function describeLargestChange(facts: HeadsFacts): Part[] {
  const { sites, step, before, beforeName } = facts;
  const since = stepPart(beforeName, facts.beforeStep);
  const pairs = (name: MeasureName) => {
    const then = new Map(valuesOf(facts, before, name).map((v) => [`${v.site} ${v.head}`, v.value]));
    return valuesOf(facts, step, name).flatMap(({ site, head, value }) => {
      const old = then.get(`${site} ${head}`);
      return old === undefined ? [] : [{ site, head, value, old }];
    });
  };
  const entropies = pairs("entropy");
  const changes = entropies.length ? entropies : pairs("largest");
  if (!changes.length) return [];
  const moved = changes.reduce((a, b) => (Math.abs(b.value - b.old) > Math.abs(a.value - a.old) ? b : a));
  const what = entropies.length ? "entropy" : "largest value";
  if (weightText(moved.old) === weightText(moved.value))
    return [plain("since "), since, plain(` each ${what} is unchanged`)];
  return [
    headPart(sites, moved),
    plain(" changed most since "),
    since,
    plain(`: ${what} ${courseText(moved.old, moved.value, entropies.length ? " bits" : "")}`),
  ];
}

/** The ends of the ranking by a measure. */
export function describeMeasure(facts: HeadsFacts, name: MeasureName, ranked: PlacedValue[]): Part[] {
  const { sites, stepName } = facts;
  const known = ranked.filter(({ value }) => !Number.isNaN(value));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last)
    return [plain(`No ${kindsText(sites, 1)} has a value for ${measureTitle(name, sites)} at ${stepName}.`)];
  const missing = ranked.length - known.length;
  const without = missing ? `; ${missing} ${missing === 1 ? "has" : "have"} no number` : "";
  if (known.length === 1)
    return [
      headPart(sites, first),
      plain(` at ${stepName}: ${measureText(name, first.value, sites[first.site])}${without}.`),
    ];
  return [
    plain(`By ${measureTitle(name, sites)} at ${stepName}, `),
    headPart(sites, first),
    plain(` comes first (${weightText(first.value)}) and `),
    headPart(sites, last),
    plain(` last (${weightText(last.value)}) of ${countedHeads(known.length, sites)}${without}.`),
  ];
}

export function describeHead(facts: HeadsFacts, site: number, head: number, flat: number): Part[] {
  const { measures, step, sites } = facts;
  const [entropy, largest] = ["entropy", "largest"].map((name) => measureAt(measures, step, flat, name)) as [
    number,
    number,
  ];
  const of = sites[site];
  const bits = of ? Math.log2(Math.max(2, mapShape(of).keys)) : NaN;
  const value = kindWords(of).value;
  const known = [
    ...(hasDiverged(measures, step, flat) ? [[plain(`its ${value}s are `), strong("not a number")]] : []),
    ...(Number.isNaN(largest)
      ? []
      : [[plain(`its largest ${value} is ${weightText(largest)}${value === "weight" ? " on average" : ""}`)]]),
    ...(Number.isNaN(entropy) ? [] : [[plain(`entropy ${weightText(entropy)} of ${bits.toFixed(2)} bits`)]]),
  ];
  return [
    headPart(sites, { site, head }),
    plain(` at ${facts.stepName}`),
    ...known.flatMap((parts, i) => [plain(i ? ", " : ": "), ...parts]),
    quiet(" · click opens it"),
  ];
}
