/** What a view shows where an average over samples is chosen, and why some maps have none. */
import { peaksOf } from "../classMeans";
import { weightText } from "../ranking";
import type { Average, Obstacle } from "../averages";
import { quiet, strong, type Part } from "./part";

export interface AverageFacts {
  average: Average;
  /** Over so many samples. */
  count: number;
  /** The step at which samples are right or wrong. */
  stepName: string;
  /** Why the maps have no average. */
  obstacle: Obstacle | null;
  /** Whether the view shows one sample whatever is chosen. */
  ofOneSample: boolean;
  /** Whether measures are averages even where the maps are not. */
  ofMeasures: boolean;
}

const samplesText = (count: number) => `${count} ${count === 1 ? "sample" : "samples"}`;

/** "petal, mean of 2": the samples of one class. */
export function classMeanName(name: string, count: number): string {
  return `${name}, ${count === 1 ? "1 sample" : `mean of ${count}`}`;
}

/** What the means of classes below the bars of a gate show, and where each class lies farthest above the others. */
export function peaksText(
  lines: { name: string; short?: string; values: Float32Array }[],
  keys: { shown: number[]; name: (position: number) => string },
): string {
  const how = "Each line is the mean of the tracked samples of a class; click one to see it as bars.";
  const peaks = peaksOf(
    lines.map(({ values }) => values),
    keys.shown,
  ).map(({ line, position, by }) => `${lines[line]!.short}: ${keys.name(position)} (+${weightText(by)})`);
  return peaks.length ? `${how} Farthest above the mean of all: ${peaks.join(" · ")}` : how;
}

/** "16 samples", "5 samples wrong at epoch 3". */
export function averagedText({ average, count, stepName }: AverageFacts): string {
  const of = { one: "", all: "", label: " of this label", right: "", wrong: "" }[average];
  const which = average === "right" || average === "wrong" ? ` ${average} at ${stepName}` : "";
  return `${samplesText(count)}${of}${which}`;
}

function noneText({ average, stepName }: AverageFacts): string {
  return average === "label" ? "The sample chosen last has no class" : `No sample is ${average} at ${stepName}`;
}

const REASONS: Record<Obstacle, string> = {
  "no sample": "there is no such sample",
  "other words": "their words differ, so that a position is another word in each",
  "unknown words": "the log does not have their words, so that nobody knows whether a position is the same word in all",
  "other graphs": "their edges differ, so that a node is not the same in all",
  "other boxes": "their boxes differ, so that an object is not the same in all",
  "other names": "the names of their positions differ",
  "other sizes": "they differ in size, so that a position is not the same in all",
};

/** What comes before the sentence of a view: what is averaged, or why one sample is shown instead. */
export function describeAverage(facts: AverageFacts): Part[] {
  const what = averagedText(facts);
  if (facts.ofOneSample) return [quiet("This view shows one sample, the one chosen last. ")];
  if (!facts.count)
    return [strong(noneText(facts)), quiet(facts.ofMeasures ? ". " : "; the one chosen last is shown. ")];
  if (!facts.obstacle) return [strong(`Mean of ${what}`), quiet(" · ")];
  const instead = facts.ofMeasures ? "their measures are averaged" : "the sample chosen last is shown";
  return [strong(`No mean map of ${what}`), quiet(`: ${REASONS[facts.obstacle]}; ${instead}. `)];
}

/** Of a head in several series, where the two that differ most do so: "Farthest apart at epoch 19: training 1.21, validation 1.87." */
export function partingText(curves: { tag: string; values: number[] }[], names: string[]): string {
  let most = { gap: -1, slot: 0, one: "", other: "" };
  const written = (curve: { tag: string; values: number[] }, slot: number) =>
    `${curve.tag} ${weightText(curve.values[slot] ?? NaN)}`;
  curves.forEach((one, i) =>
    curves.slice(i + 1).forEach((other) =>
      one.values.forEach((value, slot) => {
        const gap = Math.abs(value - (other.values[slot] ?? NaN));
        if (gap > most.gap) most = { gap, slot, one: written(one, slot), other: written(other, slot) };
      }),
    ),
  );
  if (most.gap <= 0) return most.gap < 0 ? "" : "The same at every step.";
  return `Farthest apart at ${names[most.slot]}: ${most.one}, ${most.other}.`;
}
