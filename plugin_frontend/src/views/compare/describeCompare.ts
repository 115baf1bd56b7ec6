/** The sentence of the Compare view. */
import { signed, weightAt } from "../../model/difference";
import { weightText } from "../../model/ranking";
import { chosen, plain, strong, type Part } from "../../model/sentence";
import type { ComparedMaps } from "./comparedMaps.svelte";

export function describeCompare(maps: ComparedMaps): Part[] {
  const { a, b, change, look, other, pointed, largest } = maps;
  if (other.problem) return [plain(other.problem)];
  if (!a || !b || !change || !look.queries || !look.keys) return [plain("Fetching the other map …")];
  if (pointed) {
    const { query, key } = pointed;
    return [
      ...(look.gate ? [] : [chosen(look.queries.name(query)), plain(" looks at ")]),
      strong(look.keys.name(key)),
      plain(`: A ${weightText(weightAt(a, query, key))}, B ${weightText(weightAt(b, query, key))}, `),
      strong(signed(weightAt(change, query, key))),
    ];
  }
  const where = largest
    ? `${look.gate ? "" : `${look.queries.name(largest.query)} → `}${look.keys.name(largest.key)}`
    : "";
  return [
    plain(`From ${other.label} to ${maps.step}`),
    ...describeFocus(maps),
    ...(largest
      ? [plain("the largest change is "), strong(where), plain(`: ${signed(largest.by)}.`)]
      : [plain("no change is a number.")]),
  ];
}

/** Whether the head became more focused, as far as numbers say. */
export function describeFocus({
  measures: [entropy],
  divergence,
}: Pick<ComparedMaps, "measures" | "divergence">): Part[] {
  if (!entropy) return [plain(" ")];
  const [a, b, apart] = [entropy.a, entropy.b, divergence].map(weightText);
  const numbers = plain(`: entropy ${a} → ${b} bits, divergence ${apart} bits; `);
  if (Number.isNaN(entropy.b - entropy.a))
    return [plain(" the entropy of this head "), strong("is not a number"), numbers];
  const how = entropy.b < entropy.a ? "more focused" : entropy.b > entropy.a ? "less focused" : "as focused";
  return [plain(" this head became "), strong(how), numbers];
}
