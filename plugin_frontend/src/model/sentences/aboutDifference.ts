/** Two maps of one head: what changed most, and whether it became more focused. */
import type { Site } from "../../api/wire";
import { weightAt, type Change, type Measure } from "../difference";
import { lowestFirst, measureTitle, type MeasureName } from "../headValues";
import { kindWords } from "../kindWords";
import type { AttentionMap } from "../maps";
import type { Positions } from "../positions";
import { weightText } from "../ranking";
import { courseText, signed } from "./amounts";
import { mentioned, named, plain, strong, type Part, type Target } from "./part";

/** What is known of two maps of the same size. */
export interface DifferenceFacts {
  site: Site | null;
  a: AttentionMap | null;
  b: AttentionMap | null;
  /** B - A. */
  change: AttentionMap | null;
  largest: Change | null;
  gate: boolean;
  queries: Positions | null;
  keys: Positions | null;
  pointed: { query: number; key: number } | null;
  /** Why there is nothing to compare with, in a sentence. */
  problem: string | null;
  aName: string;
  bName: string;
  /** Where the name of A leads. */
  aTarget?: Target;
  /** Whether A and B are the same step of the same run. */
  same: boolean;
  /** The measure by which heads are compared. */
  measure: MeasureName;
  /** Of both maps; none of a gate. */
  measures: Measure[];
  divergence: number;
}

/** "+0.123"; "unchanged" where both weights are written alike. */
export function changeBetween(a: number, b: number): string {
  return weightText(a) === weightText(b) ? "unchanged" : signed(b - a);
}

export function describeCompare(facts: DifferenceFacts): Part[] {
  const { site, a, b, change, queries, keys, gate, pointed, largest, same, aName, bName } = facts;
  if (same) return [plain(`A and B are the same map, of ${bName}: choose another step or run for A.`)];
  if (facts.problem) return [plain(facts.problem)];
  if (!a || !b || !change || !queries || !keys) return [plain("Fetching the other map …")];
  const cell = (query: number, key: number) => [
    ...(gate ? [] : [named(queries.name(query), undefined, "chosen"), plain(` ${kindWords(site).verb} `)]),
    named(keys.name(key)),
  ];
  if (pointed) {
    const { query, key } = pointed;
    const [x, y] = [weightAt(a, query, key), weightAt(b, query, key)];
    return [
      ...cell(query, key),
      plain(`: A ${weightText(x)}, B ${weightText(y)}, `),
      strong(Number.isNaN(y - x) ? "not a number" : changeBetween(x, y)),
    ];
  }
  const start = [
    plain("From "),
    mentioned(aName, facts.aTarget),
    plain(" to "),
    mentioned(bName),
    ...describeFocus(facts),
  ];
  if (!largest) return [...start, plain("no change is a number.")];
  const by = changeBetween(weightAt(a, largest.query, largest.key), weightAt(b, largest.query, largest.key));
  if (by === "unchanged") return [...start, plain(`no ${kindWords(site).value} changed.`)];
  const what = gate ? "the largest change is of " : "the largest change: ";
  return [...start, plain(what), ...cell(largest.query, largest.key), strong(`: ${by}`), plain(".")];
}

/** Whether the head became more focused by the chosen measure (by entropy, where two maps do not say the chosen one), as far as numbers say. */
export function describeFocus({
  measure,
  measures,
  divergence,
}: Pick<DifferenceFacts, "measure" | "measures" | "divergence">): Part[] {
  const chosen = measures.find(({ name }) => name === measureTitle(measure));
  const of = chosen ?? measures[0];
  if (!of) return [plain(" ")];
  const name = chosen ? measure : "entropy";
  const [what, unit] = name === "entropy" ? ["entropy", " bits"] : ["largest weight", ""];
  const numbers = plain(` (${what} ${courseText(of.a, of.b, unit)}; divergence ${weightText(divergence)} bits); `);
  if (Number.isNaN(of.b - of.a)) return [plain(` the ${what} of this head `), strong("is not a number"), numbers];
  const more = lowestFirst(name) ? of.b < of.a : of.b > of.a;
  const alike = weightText(of.a) === weightText(of.b);
  return alike
    ? [plain(" this head stayed "), strong("as focused"), numbers]
    : [plain(" this head became "), strong(more ? "more focused" : "less focused"), numbers];
}
