/** The words of some samples by the attention that they get: what a sample, or a class, is recognised by. */
import type { Sample, Site } from "../api/wire";
import { specialPositions } from "./special";
import { positionsOf } from "./positions";
import { plainToken } from "./wordUses";

export interface Keyword {
  word: string;
  /** How often it stands in the samples, and in how many. */
  uses: number;
  samples: number;
  /** Its part of all attention to words in the samples, from 0 to 1; special tokens do not count. */
  share: number;
  /** By how much this part is larger than in the samples that are not listed. */
  lead: number;
  /** What one use gets on average, in times of what it would get if all keys got the same. */
  perUse: number;
}

/** By the part of all attention, by what one use gets, or by what is typical of the listed samples. */
export type KeywordOrder = "share" | "use" | "lead";

/** Fewer uses say little about a word. */
export const FEWEST_USES = 3;

/** Every word of some samples, by index. `received`: (samples, keys), as the route of this name sends it. */
export function keywordsOf(site: Site, samples: Sample[], indices: number[], received: Float32Array): Keyword[] {
  const listed = new Set(indices);
  const found = new Map<string, { uses: number; samples: Set<number>; weight: number; times: number }>();
  const others = new Map<string, number>();
  const keys = samples.length ? received.length / samples.length : 0;
  let [total, rest] = [0, 0];
  samples.forEach((sample, index) => {
    const axis = positionsOf(site, "key", sample);
    if (!axis.tokens) return;
    const special = new Set(specialPositions(axis));
    for (const position of axis.shown) {
      const weight = received[index * keys + position] ?? NaN;
      const word = plainToken(axis.tokens[position] ?? "");
      if (weight !== weight || !word || special.has(position)) continue;
      if (!listed.has(index)) {
        rest += weight;
        others.set(word, (others.get(word) ?? 0) + weight);
        continue;
      }
      total += weight;
      const entry = found.get(word) ?? { uses: 0, samples: new Set(), weight: 0, times: 0 };
      found.set(word, entry);
      entry.uses += 1;
      entry.samples.add(index);
      entry.weight += weight;
      entry.times += weight * axis.shown.length;
    }
  });
  return [...found].map(([word, { uses, samples: those, weight, times }]) => {
    const share = total > 0 ? weight / total : 0;
    const lead = share - (rest > 0 ? (others.get(word) ?? 0) / rest : 0);
    return { word, uses, samples: those.size, share, lead, perUse: times / uses };
  });
}

/** What words are ordered by. */
export const keywordValue = (word: Keyword, order: KeywordOrder): number =>
  ({ share: word.share, use: word.perUse, lead: word.lead })[order];

/** The first `count` by an order. By use, words that are used seldom are left out as long as others are left. */
export function rankedKeywords(words: Keyword[], order: KeywordOrder, count: number): Keyword[] {
  const frequent = order === "use" ? words.filter(({ uses }) => uses >= FEWEST_USES) : words;
  return [...(frequent.length ? frequent : words)]
    .sort((a, b) => keywordValue(b, order) - keywordValue(a, order) || b.uses - a.uses || (a.word < b.word ? -1 : 1))
    .slice(0, count);
}
