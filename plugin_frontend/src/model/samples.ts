/** A sample's label, its prediction, whether that is right, and whether a filter lets it through. */
import { NO_NOTE, type SampleNote } from "./sampleNotes";
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
  return label.value === undefined || label.value === null ? null : JSON.stringify(label.value, shortened);
}

/** Labels that are numbers are mostly float32, and 7.2 is then 7.199999809265137. */
function shortened(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}

/** A sample by its label and id: "cat #9f86". */
export function sampleName(sample: Sample, names: string[] | null): string {
  const label = labelName(sample, names);
  return label ? `${label} #${sample.id}` : `#${sample.id}`;
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

export interface ClassShare {
  index: number;
  /** Its probability; NaN where it is not known, because the log has the most probable classes only. */
  now: number;
  before: number;
  /** Whether it is the sample's label. */
  truth: boolean;
}

/** The most probable classes in order, the predicted one first, and the label where it is none of them; with their probability before. */
export function classShares(
  sample: Sample | null,
  prediction: Prediction | null,
  earlier: Prediction | null,
): ClassShare[] {
  if (!prediction) return [];
  const label = sample?.label?.class ?? null;
  const [now, before] = [knownShares(prediction, label), knownShares(earlier, label)];
  return [...now.keys()].map((index) => ({
    index,
    now: now.get(index) ?? NaN,
    before: before.get(index) ?? NaN,
    truth: index === label,
  }));
}

/** The probabilities that a prediction tells, by class, in its order. */
function knownShares(prediction: Prediction | null, label: number | null): Map<number, number> {
  if (!prediction) return new Map();
  const shares = new Map([[prediction.class, toNumber(prediction.probability)]]);
  for (const [index, share] of prediction.others ?? []) shares.set(index, toNumber(share));
  const ofLabel = toNumber(prediction.label_probability);
  if (label !== null && !Number.isNaN(ofLabel) && !shares.has(label)) shares.set(label, ofLabel);
  return shares;
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
  /** A tag that a person gave; null: any. */
  tag: string | null;
}

export const NO_FILTER: SampleFilter = { text: "", verdict: "all", label: null, prediction: null, tag: null };

export const isFiltering = (filter: SampleFilter): boolean => JSON.stringify(filter) !== JSON.stringify(NO_FILTER);

export function passes(
  filter: SampleFilter,
  sample: Sample,
  prediction: Prediction | null | undefined,
  names: string[] | null,
  { tags, note }: SampleNote = NO_NOTE,
): boolean {
  const right = verdict(sample, prediction);
  if (filter.verdict !== "all" && right !== (filter.verdict === "right")) return false;
  if (filter.label !== null && sample.label?.class !== filter.label) return false;
  if (filter.prediction !== null && prediction?.class !== filter.prediction) return false;
  if (filter.tag !== null && !tags.includes(filter.tag)) return false;
  const words = filter.text.trim().toLowerCase();
  if (!words) return true;
  const predicted = prediction ? className(names, prediction.class) : "";
  return [sample.id, labelName(sample, names), predicted, sampleText(sample), note, ...tags].some((text) =>
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

/** Whether a sample has positions that only fill it up. */
export function isPadded({ inputs }: Sample): boolean {
  return inputs.some((input) => input.mask?.includes(0));
}

/** The sample with its padding, which counts as positions like all others. */
export function withPadding(sample: Sample): Sample {
  return isPadded(sample) ? { ...sample, inputs: sample.inputs.map((input) => ({ ...input, mask: null })) } : sample;
}

/** Of a long list those around one index: the page must not grow with the log. */
export function around<T>(all: readonly T[], index: number, most = 200): T[] {
  const from = Math.max(0, Math.min(all.length - most, index - most / 2));
  return all.slice(from, from + most);
}
