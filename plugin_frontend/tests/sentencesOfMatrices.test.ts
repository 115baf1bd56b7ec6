import { expect, test } from "vitest";
import type { Confusion } from "../src/model/confusion";
import { differenceValues } from "../src/model/confusionValues";
import {
  changeText,
  classText,
  describeCell,
  describeColumnShare,
  describeDifference,
  describeLargestDifference,
  figureText,
  describeMatrix,
  describeOutcome,
  describeSince,
  describeTable,
  movedText,
  percentText,
  textOf,
} from "../src/model/sentences";
import type { SampleRow } from "../src/model/browse";

const matrix: Confusion = { classes: 3, counts: Float64Array.of(5, 0, 0, 7, 150, 18, 0, 1, 0), weighted: false };
const name = (index: number) => ["zero", "one", "eight"][index]!;
const cell = (truth: number, predicted: number) => ({ truth, predicted });

test("a cell is described in counts and in the share of its class", () => {
  expect(textOf(describeCell(matrix, cell(1, 0), name))).toBe(
    "7 of class one (true) were predicted as zero: 4 % of them",
  );
  expect(textOf(describeCell(matrix, cell(2, 1), name))).toContain("1 of class eight (true) was predicted as one");
  expect(textOf(describeCell(matrix, cell(1, 1), name))).toBe(
    "150 of class one were predicted correctly: 86 % of them",
  );
});

test("a cell without examples has no share", () => {
  expect(textOf(describeCell(matrix, cell(0, 1), name))).toBe(
    "No example of class zero (true) was predicted as one: there are 5",
  );
  const empty = { ...matrix, counts: Float64Array.of(0, 0, 0, 7, 150, 18, 0, 1, 0) };
  expect(textOf(describeCell(empty, cell(0, 1), name))).toBe("No example is of class zero");
  expect(describeColumnShare(matrix, cell(0, 1), name)).toEqual([]);
});

test("a name that says class is not called a class twice", () => {
  const classes = (index: number) => `class ${index}`;
  expect(textOf(describeCell(matrix, cell(1, 0), classes))).toBe(
    "7 of class 1 (true) were predicted as class 0: 4 % of them",
  );
  expect(["class 1", "Class A", "classic", "3"].map(classText)).toEqual([
    "class 1",
    "Class A",
    "class classic",
    "class 3",
  ]);
});

test("cells of one score are called by what they are of class 1, others are not", () => {
  const outcome = (truth: number, predicted: number, kind: "binary" | "classes", count = 3) =>
    textOf(describeOutcome(cell(truth, predicted), count, kind));
  expect(outcome(0, 0, "binary")).toBe("; true negatives (TN)");
  expect(outcome(0, 1, "binary")).toBe("; false positives (FP)");
  expect(outcome(1, 0, "binary")).toBe("; false negatives (FN)");
  expect(outcome(1, 1, "binary")).toBe("; true positives (TP)");
  expect(outcome(1, 0, "binary", 0)).toBe("");
  expect(outcome(1, 0, "classes")).toBe("");
});

test("of labels a cell says what was predicted to have which", () => {
  expect(textOf(describeCell(matrix, cell(1, 0), name, "labels"))).toBe(
    "7 with label one were predicted to have zero, correctly or not",
  );
  expect(textOf(describeCell(matrix, cell(0, 1), name, "labels"))).toBe(
    "No example with label zero was predicted to have one",
  );
});

test("a matrix names its most frequent confusion, which leads to the cell", () => {
  const parts = describeMatrix(matrix, "validation", 181, name, "classes", (at) => ({ kind: "cell", ...at }));
  expect(textOf(parts)).toBe(
    "18 of class one (true) were predicted as eight: 10 % of them, the most frequent confusion · 181 examples (validation), accuracy 0.856",
  );
  expect(parts.flatMap(({ to }) => to ?? [])).toEqual([
    { kind: "cell", truth: 1, predicted: 2 },
    { kind: "cell", truth: 1, predicted: 2 },
  ]);
  const right = { ...matrix, counts: Float64Array.of(5, 0, 0, 0, 150, 0, 0, 0, 1) };
  expect(textOf(describeMatrix(right, "training", 1, name))).toBe(
    "Nothing is confused · 1 example (training), accuracy 1.000",
  );
});

test("a difference says both sides, and nothing where one is a share of nothing", () => {
  const later = { ...matrix, counts: Float64Array.of(5, 0, 0, 9, 148, 18, 0, 0, 0) };
  const sides = { a: matrix, b: later, aName: "epoch 13", bName: "epoch 14" };
  expect(textOf(describeDifference({ ...sides, unit: "count" }, cell(1, 0), name))).toBe(
    "one → zero: 7 in epoch 13, 9 in epoch 14: +2",
  );
  expect(textOf(describeDifference({ ...sides, unit: "count" }, cell(1, 2), name))).toBe(
    "one → eight: 18 in epoch 13, 18 in epoch 14: unchanged",
  );
  expect(textOf(describeDifference({ ...sides, unit: "row" }, cell(2, 1), name))).toBe(
    "eight → one: 100 % in epoch 13, a share of nothing in epoch 14 · share of the row",
  );
  const values = differenceValues(matrix, later, "count");
  expect(textOf(describeLargestDifference({ ...sides, unit: "count" }, values, name))).toBe(
    "one → zero: 7 in epoch 13, 9 in epoch 14: +2, the largest difference",
  );
  expect(textOf(describeLargestDifference({ ...sides, unit: "count" }, new Float64Array(9), name))).toBe(
    "No confusion of epoch 14 differs from epoch 13.",
  );
  // By hand: the last row has one example before and none after.
  expect([...differenceValues(matrix, later, "row")].slice(6)).toEqual([NaN, NaN, NaN]);
});

test("changes below what is shown are about 0, never +0 or −0", () => {
  expect([15, -15, 0].map((by) => changeText(matrix, by, "count"))).toEqual(["+15", "−15", "unchanged"]);
  expect([0.042, 0.0002, -0.0002, 0, NaN].map((by) => changeText(matrix, by, "row"))).toEqual([
    "+4.2 points",
    "about 0 points",
    "about 0 points",
    "unchanged",
    "–",
  ]);
  expect(["+4.2 points", "about 0 points", "12 %", "+15"].map(figureText)).toEqual(["+4.2", "≈0", "12", "+15"]);
  expect([0.123, -0.004, 0, NaN].map(movedText)).toEqual(["+0.12", "about 0", "", ""]);
  expect([0.0412, 0.0003, 0, NaN].map(percentText)).toEqual(["4.1 %", "about 0 %", "0 %", "–"]);
  expect(textOf(describeSince(matrix, 0, "epoch 13"))).toBe("; as in epoch 13");
});

const row = (changes: Partial<SampleRow>): SampleRow => ({
  ...{ sample: { id: "1", label: null, inputs: [] }, index: 0, text: "1", label: "", prediction: null },
  ...{ probability: NaN, loss: NaN, right: null, flipped: false, moved: NaN },
  ...changes,
});

test("a table of samples says how many are wrong", () => {
  const second = { sample: { id: "2", label: null, inputs: [] }, text: "2" };
  const rows = [row({ right: true, loss: 0.1 }), row({ ...second, right: false, loss: 0.5, flipped: true })];
  expect(textOf(describeTable(rows, "epoch 3", "epoch 2"))).toBe(
    "1 of 2 samples are wrong at epoch 3, mean loss 0.300, the largest 0.500 of #2; 1 changed since epoch 2.",
  );
  expect(describeTable(rows, "epoch 3", null).find(({ to }) => to)).toMatchObject({
    text: "#2",
    to: { kind: "sample", id: "2" },
  });
  expect(textOf(describeTable([row({})], "epoch 3", null))).toBe("1 sample; none can be judged right or wrong.");
});
