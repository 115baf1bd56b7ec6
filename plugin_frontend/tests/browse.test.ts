import { expect, test } from "vitest";
import type { Prediction, Sample } from "../src/api/wire";
import { frequentClasses, sampleRow, sortRows, type SortKey } from "../src/model/browse";
import { usesOf } from "../src/model/wordUses";
import { site } from "./helpers";

const labelled = (label: number, index: number): Sample => ({
  id: String(index),
  label: { class: label },
  inputs: [{ name: "text", kind: "tokens", tokens: ["The", "##late", "▁late", ""], mask: [1, 1, 1, 0] }],
});
const of = (index: number, label: number, now: Prediction | null, before: Prediction | null = null, classes = 3) =>
  sampleRow(labelled(label, index), index, now, before, [..."abc"].slice(0, classes));

test("the loss is the cross entropy of the label", () => {
  expect(of(0, 1, { class: 1, probability: 0.5 }).loss).toBeCloseTo(Math.log(2));
  expect(of(0, 0, { class: 1, probability: 0.75 }, null, 2).loss).toBeCloseTo(Math.log(4));
  expect(of(0, 0, { class: 1, probability: 0.75, label_probability: 0.125 }).loss).toBeCloseTo(Math.log(8));
  // Of three classes, what is not the predicted one may be either of the others.
  expect(of(0, 0, { class: 1, probability: 0.75 }).loss).toBeNaN();
  expect(of(0, 0, null).loss).toBeNaN();
});

test("samples are sorted by each column, turned round, and what has no value stays last", () => {
  const rows = [
    of(0, 1, { class: 1, probability: 0.5 }, { class: 1, probability: 0.9 }),
    of(1, 0, { class: 1, probability: 0.75, label_probability: 0.125 }, { class: 1, probability: 0.7 }),
    of(2, 2, null),
  ];
  const sorted = (by: SortKey, turned = false) => sortRows(rows, by, turned).map((row) => row.index);
  expect(sorted("label")).toEqual([1, 0, 2]);
  expect(sorted("probability")).toEqual([1, 0, 2]);
  expect(sorted("loss")).toEqual([1, 0, 2]);
  expect(sorted("loss", true)).toEqual([0, 1, 2]);
  expect(sorted("moved")).toEqual([0, 1, 2]);
  expect(sorted("index", true)).toEqual([2, 1, 0]);
});

test("a menu of classes has the most frequent ones and the chosen one", () => {
  expect(frequentClasses([5, 3, 3, null, 5, 9, undefined, 5], 2, null)).toEqual([3, 5]);
  expect(frequentClasses([5, 3, 3], 1, 7)).toEqual([3, 7]);
});

test("a word is found whatever its case and its tokenizer's marks, and never in padding", () => {
  const text = site({}, [
    { role: "query", size: 4, kind: "tokens", input: 0 },
    { role: "key", size: 4, kind: "tokens", input: 0 },
  ]);
  expect(usesOf(" LATE ", [labelled(0, 0)], text)).toEqual([{ index: 0, asKey: [1, 2], asQuery: [1, 2], count: 2 }]);
  expect(usesOf("", [labelled(0, 0)], text)).toEqual([]);
  expect(usesOf("early", [labelled(0, 0)], text)).toEqual([]);
});

test("between two texts a word is a key in one and a query in the other", () => {
  const sample: Sample = {
    id: "a",
    label: null,
    inputs: [
      { name: "english", kind: "tokens", tokens: ["one", "two"] },
      { name: "german", kind: "tokens", tokens: ["zwei", "one", "eins"] },
    ],
  };
  const cross = site({}, [
    { role: "query", size: 3, kind: "tokens", input: 1 },
    { role: "key", size: 2, kind: "tokens", input: 0 },
  ]);
  expect(usesOf("one", [sample], cross)).toEqual([{ index: 0, asKey: [0], asQuery: [1], count: 2 }]);
  // A site that lies in no text has no weights of words, but the samples are still found.
  expect(usesOf("eins", [sample], site())).toEqual([{ index: 0, asKey: [], asQuery: [], count: 1 }]);
});
