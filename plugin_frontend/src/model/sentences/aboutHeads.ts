/** All heads at one step: which stand out, by which measure. */
import type { Site } from "../../api/wire";
import { hasGateKind, headCounts, headName } from "../heads";
import { measureTitle, type PlacedValue } from "../headValues";
import { mapShape } from "../maps";
import { hasDiverged, measureAt, type Measures } from "../measures";
import { weightText } from "../ranking";
import { plain, quiet, strong, type Part } from "./part";

export interface HeadValue {
  site: number;
  head: number;
  value: number;
}

/** All heads with a measure at a step, those without it left out. */
export function headValues(measures: Measures | null, step: number, sites: Site[], name: string): HeadValue[] {
  const values: HeadValue[] = [];
  let flat = 0;
  headCounts(sites).forEach((heads, site) => {
    for (let head = 0; head < heads; head++) {
      const value = measureAt(measures, step, flat++, name);
      if (!Number.isNaN(value)) values.push({ site, head, value });
    }
  });
  return values;
}

/** How many heads have weights that are not numbers. */
function divergedHeads({ measures, step, sites }: HeadsFacts): number {
  let [flat, count] = [0, 0];
  headCounts(sites).forEach((heads) => {
    for (let head = 0; head < heads; head++) if (hasDiverged(measures, step, flat++)) count++;
  });
  return count;
}

export interface HeadsFacts {
  measures: Measures | null;
  /** Indices in the measures of this step and of the one before, -1 for none. */
  step: number;
  before: number;
  stepName: string;
  beforeName: string;
  sites: Site[];
}

/** Where nothing looks at anything, only gates let something through. */
function describeGates({ sites, stepName }: HeadsFacts, values: HeadValue[]): Part[] {
  const most = values.reduce((a, b) => (b.value > a.value ? b : a));
  const [one, many] = sites.every((site) => site.kind === "activation")
    ? ["activation", "activations"]
    : ["gate", "gates"];
  return [
    plain(`${values.length} ${values.length === 1 ? one : many} at ${stepName}; the largest value is `),
    strong(weightText(most.value)),
    plain(`, of ${headName(sites, most.site, most.head)}.`),
  ];
}

/** The heads that stand out, and how many are not numbers. */
export function describeOverview(facts: HeadsFacts): Part[] {
  const count = divergedHeads(facts);
  const all = headCounts(facts.sites).reduce((a, b) => a + b, 0);
  if (!count) return describeNumbers(facts);
  const which = count === 1 ? "1 head" : `${count} heads`;
  const bad = [plain(`The weights of ${which} of ${all} at ${facts.stepName} are `), strong("not a number")];
  return count === all ? [...bad, plain(".")] : [...bad, plain(". "), ...describeNumbers(facts)];
}

function describeNumbers(facts: HeadsFacts): Part[] {
  const { measures, step, before, sites } = facts;
  const count = headCounts(sites).reduce((a, b) => a + b, 0);
  const all = headValues(measures, step, sites, "largest");
  // One key leaves nothing to choose.
  const looking = all.filter(({ site }) => !hasGateKind(sites[site]!) && mapShape(sites[site]!).keys > 1);
  if (all.length && !looking.length) return describeGates(facts, all);
  if (!looking.length) return [plain(`${count} ${count === 1 ? "head" : "heads"} at ${facts.stepName}.`)];
  const most = looking.reduce((a, b) => (b.value > a.value ? b : a));
  const parts = [
    strong(headName(sites, most.site, most.head)),
    plain(` is the most focused of ${looking.length} (largest weight ${weightText(most.value)} on average)`),
  ];
  const then = new Map(headValues(measures, before, sites, "entropy").map((v) => [`${v.site} ${v.head}`, v.value]));
  const changes = headValues(measures, step, sites, "entropy").flatMap(({ site, head, value }) => {
    const old = then.get(`${site} ${head}`);
    return old === undefined ? [] : [{ site, head, value, old }];
  });
  if (!changes.length) return [...parts, plain(".")];
  const moved = changes.reduce((a, b) => (Math.abs(b.value - b.old) > Math.abs(a.value - a.old) ? b : a));
  if (weightText(moved.old) === weightText(moved.value))
    return [
      ...parts,
      plain(
        `; since ${facts.beforeName} no entropy changed by more than ${weightText(Math.abs(moved.value - moved.old))} bits.`,
      ),
    ];
  return [
    ...parts,
    plain("; "),
    strong(headName(sites, moved.site, moved.head)),
    plain(
      ` changed most since ${facts.beforeName}: entropy ${weightText(moved.old)} → ${weightText(moved.value)} bits.`,
    ),
  ];
}

const without = (count: number) => (count ? `; ${count} ${count === 1 ? "has" : "have"} no number` : "");

/** The ends of the ranking by a measure. */
export function describeMeasure(facts: HeadsFacts, name: string, ranked: PlacedValue[]): Part[] {
  const known = ranked.filter(({ value }) => !Number.isNaN(value));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return [plain(`No head has a value for ${measureTitle(name)} at ${facts.stepName}.`)];
  return [
    plain(`By ${measureTitle(name)} at ${facts.stepName}, `),
    strong(headName(facts.sites, first.site, first.head)),
    plain(` comes first (${weightText(first.value)}) and `),
    strong(headName(facts.sites, last.site, last.head)),
    plain(
      ` last (${weightText(last.value)}) of ${known.length} ${known.length === 1 ? "head" : "heads"}${without(ranked.length - known.length)}.`,
    ),
  ];
}

export function describeHead(facts: HeadsFacts, site: number, head: number, flat: number): Part[] {
  const { measures, step, sites } = facts;
  const entropy = measureAt(measures, step, flat, "entropy");
  const largest = measureAt(measures, step, flat, "largest");
  const bits = sites[site] ? Math.log2(Math.max(2, mapShape(sites[site]).keys)) : NaN;
  return [
    strong(headName(sites, site, head)),
    plain(` at ${facts.stepName}: `),
    ...(hasDiverged(measures, step, flat) ? [plain("its weights are "), strong("not a number")] : []),
    ...(Number.isNaN(largest) ? [] : [plain(`its largest weight is ${weightText(largest)} on average`)]),
    ...(Number.isNaN(entropy) ? [] : [plain(`, entropy ${weightText(entropy)} of ${bits.toFixed(2)} bits`)]),
    quiet(" · click opens it"),
  ];
}
