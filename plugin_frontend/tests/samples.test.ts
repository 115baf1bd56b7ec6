import { expect, test } from "vitest";
import type { Prediction, Sample } from "../src/api/wire";
import { classShares, labelName } from "../src/model/samples";

const sample = (label: number | null): Sample => ({
  id: "a",
  label: label === null ? null : { class: label },
  inputs: [],
});
const NOW: Prediction = { class: 3, probability: 0.6, label_probability: 0.01, others: [[5, 0.2], [1, 0.1]] }; // prettier-ignore
const BEFORE: Prediction = { class: 5, probability: 0.5, label_probability: 0.02, others: [[3, 0.25], [0, 0.1]] }; // prettier-ignore

test("classes come in the order of their probabilities now, each with its own before", () => {
  expect(classShares(sample(5), NOW, BEFORE)).toEqual([
    { index: 3, now: 0.6, before: 0.25, truth: false },
    { index: 5, now: 0.2, before: 0.5, truth: true },
    { index: 1, now: 0.1, before: NaN, truth: false },
  ]);
});

test("the label is listed where it is none of the most probable, as far as its probability is known", () => {
  expect(classShares(sample(7), NOW, BEFORE).at(-1)).toEqual({ index: 7, now: 0.01, before: 0.02, truth: true });
  const unknown = { ...NOW, label_probability: null };
  expect(classShares(sample(7), unknown, BEFORE).map(({ index }) => index)).toEqual([3, 5, 1]);
});

test("without a prediction, a label or a step before there is nothing to invent", () => {
  expect(classShares(sample(1), null, BEFORE)).toEqual([]);
  expect(classShares(null, { class: 2, probability: null }, null)).toEqual([
    { index: 2, now: NaN, before: NaN, truth: false },
  ]);
});

test("a label that is a number is written as short as it was given", () => {
  const name = (value: unknown): string | null => labelName({ ...sample(null), label: { value } } as Sample, null);
  expect(name(Math.fround(7.2))).toBe("7.2");
  expect(name([Math.fround(0.1), 1234567])).toBe("[0.1,1234567]");
  expect(name("NaN")).toBe('"NaN"');
});
