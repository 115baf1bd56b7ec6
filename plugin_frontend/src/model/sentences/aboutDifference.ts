/** Two maps of one head: what changed most, and whether it became more focused. */
import type { AttentionMap } from "../maps";
import type { Positions } from "../positions";
import { signed, weightAt, type Change, type Measure } from "../difference";
import { weightText } from "../ranking";
import { chosen, plain, strong, type Part } from "./part";

/** What is known of two maps of the same size. */
export interface DifferenceFacts {
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
  /** Of both maps, entropy first; none of a gate. */
  measures: Measure[];
  divergence: number;
}

export function describeCompare(facts: DifferenceFacts): Part[] {
  const { a, b, change, queries, keys, gate, pointed, largest } = facts;
  if (facts.problem) return [plain(facts.problem)];
  if (!a || !b || !change || !queries || !keys) return [plain("Fetching the other map …")];
  if (pointed) {
    const { query, key } = pointed;
    return [
      ...(gate ? [] : [chosen(queries.name(query)), plain(" looks at ")]),
      strong(keys.name(key)),
      plain(`: A ${weightText(weightAt(a, query, key))}, B ${weightText(weightAt(b, query, key))}, `),
      strong(signed(weightAt(change, query, key))),
    ];
  }
  const where = largest ? `${gate ? "" : `${queries.name(largest.query)} → `}${keys.name(largest.key)}` : "";
  return [
    plain(`From ${facts.aName} to ${facts.bName}`),
    ...describeFocus(facts),
    ...(largest
      ? [plain("the largest change is "), strong(where), plain(`: ${signed(largest.by)}.`)]
      : [plain("no change is a number.")]),
  ];
}

/** Whether the head became more focused, as far as numbers say. */
export function describeFocus({
  measures: [entropy],
  divergence,
}: Pick<DifferenceFacts, "measures" | "divergence">): Part[] {
  if (!entropy) return [plain(" ")];
  const [a, b, apart] = [entropy.a, entropy.b, divergence].map(weightText);
  const numbers = plain(`: entropy ${a} → ${b} bits, divergence ${apart} bits; `);
  if (Number.isNaN(entropy.b - entropy.a))
    return [plain(" the entropy of this head "), strong("is not a number"), numbers];
  const how = entropy.b < entropy.a ? "more focused" : entropy.b > entropy.a ? "less focused" : "as focused";
  return [plain(" this head became "), strong(how), numbers];
}
