/** The tracked samples as a table: the prediction of each, and what changed since the step before. */
import { toNumber, type Prediction, type Sample } from "../api/wire";
import { labelName, sampleText, verdict, type Verdict } from "./samples";

export interface SampleRow {
  sample: Sample;
  index: number;
  /** A line that identifies it: its first words, else its id. */
  text: string;
  label: string;
  prediction: Prediction | null;
  probability: number;
  /** Cross entropy of the label, in nats; NaN where the probability of the label is not known. */
  loss: number;
  right: Verdict;
  /** Another class than at the step before. */
  flipped: boolean;
  /** By how much the probability of the class predicted now moved; NaN where that is unknown. */
  moved: number;
}

export type SortKey = "index" | "label" | "probability" | "loss" | "moved";

/** Probability of the label: as logged, else inferred from the predicted class where that is the label or there are only two. */
function labelProbability(now: Prediction | null, right: Verdict, classes: number): number {
  const logged = toNumber(now?.label_probability);
  if (logged === logged || right === null) return logged;
  const probability = toNumber(now?.probability);
  return right ? probability : classes === 2 ? 1 - probability : NaN;
}

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
  const right = verdict(sample, now);
  return {
    sample,
    index,
    text: sampleText(sample) ?? sample.id,
    label: labelName(sample, names) ?? "",
    prediction: now,
    probability,
    loss: -Math.log(labelProbability(now, right, names?.length ?? 0)),
    right,
    flipped: now !== null && before !== null && !same,
    // Of two classes, the probability of one is known from that of the other; of more it is not.
    moved: same ? probability - then : names?.length === 2 ? probability - (1 - then) : NaN,
  };
}

/** Ascending by index and label, descending by probability, loss and change; rows without a value come last. */
export function sortRows(rows: SampleRow[], by: SortKey, turned: boolean): SampleRow[] {
  const key = (row: SampleRow): number | string => {
    switch (by) {
      case "label":
        return row.label;
      case "probability":
        return -row.probability;
      case "loss":
        return -row.loss;
      case "moved":
        return -Math.abs(row.moved);
      case "index":
        return row.index;
    }
  };
  const sign = turned ? -1 : 1;
  return rows
    .map((row) => ({ row, key: key(row) }))
    .sort((a, b) => {
      const [x, y] = [a.key, b.key];
      const [noX, noY] = [x !== x, y !== y];
      if (noX || noY) return Number(noX) - Number(noY);
      return sign * (x < y ? -1 : x > y ? 1 : 0) || a.row.index - b.row.index;
    })
    .map(({ row }) => row);
}

/** The most frequent of some classes, in their order: a menu of a thousand helps nobody, and the filter by words finds the others. */
export function frequentClasses(classes: (number | null | undefined)[], most: number, kept: number | null): number[] {
  const counts = new Map<number, number>();
  for (const index of classes)
    if (index !== null && index !== undefined) counts.set(index, 1 + (counts.get(index) ?? 0));
  const first = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most);
  const chosen = new Set(first.map(([index]) => index));
  if (kept !== null) chosen.add(kept);
  return [...chosen].sort((a, b) => a - b);
}
