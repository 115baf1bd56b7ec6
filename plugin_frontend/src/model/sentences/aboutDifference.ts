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
  /** In what the two maps differ: of steps, A became B. */
  by: "steps" | "runs" | "heads" | "samples";
  /** Whether A and B are the same map. */
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

const OTHERS = { steps: "step or run", runs: "step or run", heads: "head", samples: "sample" };

export function describeCompare(facts: DifferenceFacts): Part[] {
  const { site, a, b, change, queries, keys, gate, pointed, largest, same, bName } = facts;
  if (same) return [plain(`A and B are the same map, of ${bName}: choose another ${OTHERS[facts.by]} for A.`)];
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
  const start = describeFocus(facts);
  if (!largest) return [...start, plain("no change is a number.")];
  const by = changeBetween(weightAt(a, largest.query, largest.key), weightAt(b, largest.query, largest.key));
  if (by === "unchanged") return [...start, plain(`no ${kindWords(site).value} changed.`)];
  const most = facts.by === "steps" ? "the largest change" : "the largest difference";
  return [
    ...start,
    plain(gate ? `${most} is of ` : `${most}: `),
    ...cell(largest.query, largest.key),
    strong(`: ${by}`),
    plain("."),
  ];
}

/** Whether the head became more focused by the chosen measure (by entropy, where two maps do not say the chosen one), as far as numbers say. */
export function describeFocus({
  measure,
  measures,
  divergence,
  by,
  ...names
}: Pick<DifferenceFacts, "measure" | "measures" | "divergence" | "by" | "aName" | "aTarget" | "bName">): Part[] {
  const [a, b] = [mentioned(names.aName, names.aTarget), mentioned(names.bName)];
  const start = by === "steps" ? [plain("From "), a, plain(" to "), b] : [plain("B, "), b, plain(", against A, "), a];
  const chosen = measures.find(({ name }) => name === measureTitle(measure));
  const of = chosen ?? measures[0];
  if (!of) return [...start, plain(by === "steps" ? " " : ": ")];
  const name = chosen ? measure : "entropy";
  const [what, unit] = name === "entropy" ? ["entropy", " bits"] : ["largest weight", ""];
  const numbers = plain(` (${what} ${courseText(of.a, of.b, unit)}; divergence ${weightText(divergence)} bits); `);
  if (Number.isNaN(of.b - of.a))
    return [
      ...start,
      plain(`${by === "steps" ? "" : ":"} the ${what} of this head `),
      strong("is not a number"),
      numbers,
    ];
  const more = lowestFirst(name) ? of.b < of.a : of.b > of.a;
  const alike = weightText(of.a) === weightText(of.b);
  const how = strong(alike ? "as focused" : more ? "more focused" : "less focused");
  if (by === "steps") return [...start, plain(` this head ${alike ? "stayed" : "became"} `), how, numbers];
  return [plain("B, "), b, plain(", is "), how, plain(` ${alike ? "as" : "than"} A, `), a, numbers];
}
