/** Where a word stands in the samples, as a query and as a key of a site. */
import type { Role, Sample, SampleInput, Site } from "../api/wire";
import { inputAlong } from "./positions";

export interface Use {
  /** The sample. */
  index: number;
  /** Positions of the word along the axes of the site; the same where both are one text. */
  asKey: number[];
  asQuery: number[];
  /** How often it stands in its text or texts. */
  count: number;
}

/** Texts do not change, and lowering the case of ten thousand of them takes longer than a stroke of a key. */
const lowered = new WeakMap<SampleInput, string[]>();

/** A token without its tokenizer's marks, in lower case. */
export const plainToken = (token: string) => token.replace(/^(##|[▁Ġ])/, "").toLowerCase();

function plainTokens(input: SampleInput): string[] {
  let plain = lowered.get(input);
  if (!plain) {
    plain = (input.tokens ?? []).map(plainToken);
    lowered.set(input, plain);
  }
  return plain;
}

function positionsIn(input: SampleInput | null, wanted: string): number[] {
  if (!input?.tokens) return [];
  const plain = plainTokens(input);
  const positions: number[] = [];
  for (let at = plain.indexOf(wanted); at >= 0; at = plain.indexOf(wanted, at + 1)) {
    if (input.mask?.[at] ?? 1) positions.push(at);
  }
  return positions;
}

/** The samples in which a token stands, whatever its case and its tokenizer's marks; in the texts that a site joins. */
export function usesOf(word: string, samples: Sample[], site: Site | null): Use[] {
  const wanted = word.trim().toLowerCase();
  if (!wanted) return [];
  return samples.flatMap((sample, index) => {
    const along = (role: Role) => (site ? inputAlong(site, role, sample) : null);
    const [keys, queries] = [along("key"), along("query")];
    const [asKey, asQuery] = [positionsIn(keys, wanted), positionsIn(queries, wanted)];
    const texts = keys || queries ? new Set([keys, queries]) : new Set(sample.inputs.filter((input) => input.tokens));
    const count = [...texts].reduce((sum, input) => sum + positionsIn(input, wanted).length, 0);
    return count ? [{ index, asKey, asQuery, count }] : [];
  });
}
