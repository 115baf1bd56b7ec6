import { expect, test } from "vitest";
import type { Axis, Prediction, Sample } from "../src/api/wire";
import { averagedSamples, obstacleOf, samplesByClass } from "../src/model/averages";
import { hasDiverged } from "../src/model/measures";
import { averagedText, classMeanName, describeAverage, type AverageFacts } from "../src/model/sentences";
import { record, site } from "./helpers";

const sample = (index: number, truth: number | null, tokens?: string[], mask?: number[]): Sample => ({
  id: `s${index}`,
  index,
  label: truth === null ? null : { class: truth },
  inputs: tokens ? [{ name: "text", kind: "tokens", tokens, ...(mask && { mask }) }] : [],
});
const predicted = (...classes: number[]): Prediction[] => classes.map((one) => ({ class: one, probability: 0.9 }));
const along = (changes: Partial<Axis>) =>
  site({}, [
    { role: "heads", size: 1 },
    { role: "query", size: 2, ...changes },
    { role: "key", size: 2, ...changes },
  ]);

test("an average is over all samples, those of a label, or those that are right or wrong at the step", () => {
  const samples = [sample(0, 1), sample(1, 0), sample(2, 1), sample(3, null)];
  const step = record(3, { sample_count: 4, predictions: predicted(1, 1, 0, 1) });
  const of = (average: Parameters<typeof averagedSamples>[0]) => averagedSamples(average, samples, samples[2]!, step);
  expect(of("one")).toEqual([2]);
  expect(of("all")).toEqual([0, 1, 2, 3]);
  expect(of("label")).toEqual([0, 2]);
  expect(of("right")).toEqual([0]);
  // One without a label is neither.
  expect(of("wrong")).toEqual([1, 2]);
  expect(averagedSamples("label", samples, samples[3]!, step)).toEqual([]);
  expect(averagedSamples("all", samples, samples[0]!, record(3, { sample_count: 2 }))).toEqual([0, 1]);
});

test("classes are those of the samples with maps at the step, the one with most samples first", () => {
  const samples = [sample(0, 7), sample(1, 2), sample(2, null), sample(3, 2), sample(4, 3)];
  expect(samplesByClass(samples, record(0, { sample_count: 5 }))).toEqual([[1, 3], [4], [0]]);
  expect(samplesByClass(samples, record(0, { sample_count: 2 }))).toEqual([[1], [0]]);
  expect(samplesByClass(samples, null)).toEqual([]);
  expect(classMeanName("petal", 2)).toBe("petal, mean of 2");
  expect(classMeanName("thorn", 1)).toBe("thorn, 1 sample");
});

test("cells, channels and plain positions mean the same in all samples", () => {
  const samples = [sample(0, 0), sample(1, 1)];
  for (const kind of ["grid", "channels", "frames", "features", "positions"] as const)
    expect(obstacleOf(along({ kind }), samples)).toBeNull();
  expect(obstacleOf(along({}), [])).toBe("no sample");
});

test("words mean the same only where they are the same, padding included", () => {
  const words = along({ kind: "tokens", input: 0 });
  expect(obstacleOf(words, [sample(0, 0, ["a", "b"]), sample(1, 0, ["a", "b"])])).toBeNull();
  expect(obstacleOf(words, [sample(0, 0, ["a", "b"]), sample(1, 0, ["a", "c"])])).toBe("other words");
  expect(obstacleOf(words, [sample(0, 0, ["a", "b"], [1, 1]), sample(1, 0, ["a", "b"], [1, 0])])).toBe("other words");
  expect(obstacleOf(words, [sample(0, 0), sample(1, 0)])).toBe("unknown words");
  expect(obstacleOf(words, [sample(0, 0)])).toBeNull();
});

test("samples of different sizes have no average; those of one size do beside others", () => {
  const padded = along({ own: [[1], [2], [2]] });
  expect(obstacleOf(padded, [sample(0, 0), sample(1, 0)])).toBe("other sizes");
  const boxed = (boxes: [number, number, number, number][][]) =>
    site({}, [{ role: "key", size: 1, kind: "objects", boxes }]);
  const [one, other]: [number, number, number, number][][] = [[[0, 0, 1, 1]], [[0, 0, 0.5, 1]]];
  expect(obstacleOf(boxed([one!, other!]), [sample(0, 0), sample(1, 0)])).toBe("other boxes");
  expect(obstacleOf(boxed([one!, one!]), [sample(0, 0), sample(1, 0)])).toBeNull();
  expect(obstacleOf(boxed([one!]), [sample(0, 0), sample(1, 0)])).toBeNull();
  expect(obstacleOf(padded, [sample(1, 0), sample(2, 0)])).toBeNull();
});

test("objects whose boxes differ have no average", () => {
  const boxes = (...lefts: number[]) => lefts.map((left) => [[left, 0, 1, 1]] as [number, number, number, number][]);
  const samples = [sample(0, 0), sample(1, 0)];
  expect(obstacleOf(along({ kind: "objects", boxes: boxes(0, 0.5) }), samples)).toBe("other boxes");
  expect(obstacleOf(along({ kind: "objects", boxes: boxes(0) }), samples)).toBeNull();
});

const facts: AverageFacts = {
  average: "all",
  count: 16,
  stepName: "epoch 3",
  obstacle: null,
  ofOneSample: false,
  ofMeasures: true,
};
const said = (changes: Partial<AverageFacts>) =>
  describeAverage({ ...facts, ...changes })
    .map(({ text }) => text)
    .join("");

test("a sentence begins with what is averaged, and with how many", () => {
  expect(said({})).toBe("Mean of 16 samples · ");
  expect(said({ average: "label", count: 1 })).toBe("Mean of 1 sample of this label · ");
  expect(said({ average: "wrong", count: 5 })).toBe("Mean of 5 samples wrong at epoch 3 · ");
  expect(averagedText({ ...facts, average: "right" })).toBe("16 samples right at epoch 3");
});

test("a sentence says why there is no average, and what is shown instead", () => {
  expect(said({ obstacle: "other words", ofMeasures: false })).toBe(
    "No mean map of 16 samples: their words differ, so that a position is another word in each; the sample chosen last is shown. ",
  );
  expect(said({ obstacle: "other sizes" })).toContain("their measures are averaged");
  expect(said({ average: "wrong", count: 0, ofMeasures: false })).toBe(
    "No sample is wrong at epoch 3; the one chosen last is shown. ",
  );
  expect(said({ average: "label", count: 0, ofMeasures: false })).toContain("has no class");
  expect(said({ ofOneSample: true })).toBe("This view shows one sample, the one chosen last. ");
});

test("a step without a sample to average has not diverged", () => {
  const array = { shape: [2, 1, 1], data: Float32Array.from([NaN, NaN]) };
  const measures = { array, names: ["entropy"], absent: new Set([1]) };
  expect(hasDiverged(measures, 0, 0)).toBe(true);
  expect(hasDiverged(measures, 1, 0)).toBe(false);
});
