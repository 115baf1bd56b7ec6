/** The sentence of the Overview, from the measures that are on the screen. */
import type { Site } from "../../api/wire";
import { hasGateKind, headCounts, headName } from "../../model/heads";
import { measureTitle, type PlacedValue } from "../../model/headValues";
import { mapShape } from "../../model/maps";
import { hasDiverged, measureAt, type Measures } from "../../model/measures";
import { weightText } from "../../model/ranking";
import { plain, quiet, strong, type Part } from "../../model/sentence";

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
function divergedHeads({ measures, step, sites }: OverviewWords): number {
  let [flat, count] = [0, 0];
  headCounts(sites).forEach((heads) => {
    for (let head = 0; head < heads; head++) if (hasDiverged(measures, step, flat++)) count++;
  });
  return count;
}

export interface OverviewWords {
  measures: Measures | null;
  /** Indices in the measures of this step and of the one before, -1 for none. */
  step: number;
  before: number;
  stepName: string;
  beforeName: string;
  sites: Site[];
}

/** Where nothing looks at anything, only gates let something through. */
function describeGates({ sites, stepName }: OverviewWords, values: HeadValue[]): Part[] {
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
export function describeOverview(words: OverviewWords): Part[] {
  const count = divergedHeads(words);
  const all = headCounts(words.sites).reduce((a, b) => a + b, 0);
  if (!count) return describeNumbers(words);
  const which = count === 1 ? "1 head" : `${count} heads`;
  const bad = [plain(`The weights of ${which} of ${all} at ${words.stepName} are `), strong("not a number")];
  return count === all ? [...bad, plain(".")] : [...bad, plain(". "), ...describeNumbers(words)];
}

function describeNumbers(words: OverviewWords): Part[] {
  const { measures, step, before, sites } = words;
  const count = headCounts(sites).reduce((a, b) => a + b, 0);
  const all = headValues(measures, step, sites, "largest");
  // One key leaves nothing to choose.
  const looking = all.filter(({ site }) => !hasGateKind(sites[site]!) && mapShape(sites[site]!).keys > 1);
  if (all.length && !looking.length) return describeGates(words, all);
  if (!looking.length) return [plain(`${count} ${count === 1 ? "head" : "heads"} at ${words.stepName}.`)];
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
        `; since ${words.beforeName} no entropy changed by more than ${weightText(Math.abs(moved.value - moved.old))} bits.`,
      ),
    ];
  return [
    ...parts,
    plain("; "),
    strong(headName(sites, moved.site, moved.head)),
    plain(
      ` changed most since ${words.beforeName}: entropy ${weightText(moved.old)} → ${weightText(moved.value)} bits.`,
    ),
  ];
}

const without = (count: number) => (count ? `; ${count} ${count === 1 ? "has" : "have"} no number` : "");

/** The ends of the ranking by a measure. */
export function describeMeasure(words: OverviewWords, name: string, ranked: PlacedValue[]): Part[] {
  const known = ranked.filter(({ value }) => !Number.isNaN(value));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return [plain(`No head has a value for ${measureTitle(name)} at ${words.stepName}.`)];
  return [
    plain(`By ${measureTitle(name)} at ${words.stepName}, `),
    strong(headName(words.sites, first.site, first.head)),
    plain(` comes first (${weightText(first.value)}) and `),
    strong(headName(words.sites, last.site, last.head)),
    plain(
      ` last (${weightText(last.value)}) of ${known.length} ${known.length === 1 ? "head" : "heads"}${without(ranked.length - known.length)}.`,
    ),
  ];
}

export function describeHead(words: OverviewWords, site: number, head: number, flat: number): Part[] {
  const { measures, step, sites } = words;
  const entropy = measureAt(measures, step, flat, "entropy");
  const largest = measureAt(measures, step, flat, "largest");
  const bits = sites[site] ? Math.log2(Math.max(2, mapShape(sites[site]).keys)) : NaN;
  return [
    strong(headName(sites, site, head)),
    plain(` at ${words.stepName}: `),
    ...(hasDiverged(measures, step, flat) ? [plain("its weights are "), strong("not a number")] : []),
    ...(Number.isNaN(largest) ? [] : [plain(`its largest weight is ${weightText(largest)} on average`)]),
    ...(Number.isNaN(entropy) ? [] : [plain(`, entropy ${weightText(entropy)} of ${bits.toFixed(2)} bits`)]),
    quiet(" · click opens it"),
  ];
}
