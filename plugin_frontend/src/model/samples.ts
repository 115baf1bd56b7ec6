/** A sample's label, its prediction, whether that is right, and whether a filter lets it through. */
import { toNumber, type Prediction, type Sample, type StepRecord } from "../api/wire";

/** null: unknown, because the label or the prediction is missing or no class. */
export type Verdict = boolean | null;

export function className(names: string[] | null | undefined, index: number): string {
  return names?.[index] ?? String(index);
}

export function labelName(sample: Sample, names: string[] | null): string | null {
  const label = sample.label;
  if (!label) return null;
  if (label.name) return label.name;
  if (label.class !== undefined && label.class !== null) return className(names, label.class);
  return label.value === undefined || label.value === null ? null : JSON.stringify(label.value);
}

export function verdict(sample: Sample, prediction: Prediction | null | undefined): Verdict {
  const truth = sample.label?.class;
  if (truth === undefined || truth === null || !prediction) return null;
  return truth === prediction.class;
}

export function probabilityText(prediction: Prediction | null | undefined): string {
  const probability = toNumber(prediction?.probability);
  return probability === probability ? probability.toFixed(2) : "";
}

/** Asked for at every stroke of a key of a filter, for every sample. */
const texts = new WeakMap<Sample, string | null>();

/** A line that identifies a sample without a picture: its first words. */
export function sampleText(sample: Sample): string | null {
  let text = texts.get(sample);
  if (text === undefined) texts.set(sample, (text = firstText(sample)));
  return text;
}

function firstText(sample: Sample): string | null {
  for (const input of sample.inputs) {
    if (input.text) return input.text;
    if (input.tokens) return input.tokens.filter((token, i) => token && (input.mask?.[i] ?? 1) !== 0).join(" ");
  }
  return null;
}

export interface SampleFilter {
  text: string;
  verdict: "all" | "right" | "wrong";
  /** Classes, as a cell of the confusion matrix gives them; null: any. */
  label: number | null;
  prediction: number | null;
}

export const NO_FILTER: SampleFilter = { text: "", verdict: "all", label: null, prediction: null };

export const isFiltering = (filter: SampleFilter): boolean => JSON.stringify(filter) !== JSON.stringify(NO_FILTER);

export function passes(
  filter: SampleFilter,
  sample: Sample,
  prediction: Prediction | null | undefined,
  names: string[] | null,
): boolean {
  const right = verdict(sample, prediction);
  if (filter.verdict !== "all" && right !== (filter.verdict === "right")) return false;
  if (filter.label !== null && sample.label?.class !== filter.label) return false;
  if (filter.prediction !== null && prediction?.class !== filter.prediction) return false;
  const words = filter.text.trim().toLowerCase();
  if (!words) return true;
  const predicted = prediction ? className(names, prediction.class) : "";
  return [sample.id, labelName(sample, names), predicted, sampleText(sample)].some((text) =>
    text?.toLowerCase().includes(words),
  );
}

/** Stand-ins where the log has weights of samples and no samples: their indices are all that is known. */
export function unnamedSamples(record: StepRecord | null): Sample[] {
  if (!record || record.samples) return [];
  return Array.from({ length: record.sample_count ?? 0 }, (_, index) => ({
    id: String(index),
    label: null,
    inputs: [],
  }));
}
