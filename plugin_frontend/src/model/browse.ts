/** The tracked samples as a table: what the model makes of each, what changed since the step before, and where a word stands. */
import { toNumber, type Prediction, type Sample } from "../api/wire";
import { labelName, sampleText, verdict, type Verdict } from "./samples";

export interface SampleRow {
  sample: Sample;
  index: number;
  /** A line that tells it apart: its first words, else its id. */
  text: string;
  label: string;
  prediction: Prediction | null;
  probability: number;
  right: Verdict;
  /** Another class than at the step before. */
  flipped: boolean;
  /** By how much the probability of the class predicted now moved; NaN where that cannot be told. */
  moved: number;
}

export type SortKey = "place" | "label" | "probability" | "moved";

export function sampleRow(
  sample: Sample,
  index: number,
  now: Prediction | null,
  before: Prediction | null,
  names: string[] | null,
): SampleRow {
  const probability = toNumber(now?.probability);
  const then = toNumber(before?.probability);
  const same = now !== null && before !== null && now.class === before.class;
  return {
    sample,
    index,
    text: sampleText(sample) ?? sample.id,
    label: labelName(sample, names) ?? "",
    prediction: now,
    probability,
    right: verdict(sample, now),
    flipped: now !== null && before !== null && !same,
    // Of two classes, the probability of one is known from that of the other; of more it is not.
    moved: same ? probability - then : names?.length === 2 ? probability - (1 - then) : NaN,
  };
}

/** Rising by place and label, falling by probability and by how much it moved; what has no value comes last. */
export function sortRows(rows: SampleRow[], by: SortKey, turned: boolean): SampleRow[] {
  const key = (row: SampleRow): number | string =>
    by === "label"
      ? row.label
      : by === "probability"
        ? -row.probability
        : by === "moved"
          ? -Math.abs(row.moved)
          : row.index;
  const sign = turned ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const [noX, noY] = [x !== x, y !== y];
    if (noX || noY) return Number(noX) - Number(noY);
    return sign * (x < y ? -1 : x > y ? 1 : 0) || a.index - b.index;
  });
}

export interface Use {
  index: number;
  /** Places of the word among the tokens of the input. */
  positions: number[];
}

/** The samples in which a token stands, whatever its case and its tokenizer's marks. */
export function usesOf(word: string, samples: Sample[]): Use[] {
  const plain = (token: string) => token.replace(/^(##|[▁Ġ])/, "").toLowerCase();
  const wanted = word.trim().toLowerCase();
  if (!wanted) return [];
  return samples.flatMap((sample, index) => {
    const input = sample.inputs.find((other) => other.tokens);
    const positions = (input?.tokens ?? []).flatMap((token, place) =>
      plain(token) === wanted && (input?.mask?.[place] ?? 1) ? [place] : [],
    );
    return positions.length ? [{ index, positions }] : [];
  });
}
