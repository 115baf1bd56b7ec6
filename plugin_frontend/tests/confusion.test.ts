import { expect, test } from "vitest";
import { sumsOf, type Confusion } from "../src/model/confusion";
import { rowDivergence } from "../src/model/difference";
import {
  binned,
  groupedBins,
  listGroups,
  orderedClasses,
  singleBins,
  type ClassGroup,
} from "../src/model/confusionOrder";
import { confusedPairs, mostChanged } from "../src/model/confusionRanking";
import {
  classScores,
  labelScores,
  meanScore,
  outcomesOfClasses,
  outcomesOfLabels,
  sortScores,
} from "../src/model/confusionScores";
import { areaUnderRoc, atThreshold, averagePrecision, histogramOf, thresholds } from "../src/model/confusionThreshold";
import { comparableUnit, differenceValues, unitValues } from "../src/model/confusionValues";
import { changeText, describeColumnShare, describeDifference } from "../src/model/sentences";

const of = (...counts: number[]): Confusion => ({
  classes: Math.sqrt(counts.length),
  counts: Float64Array.from(counts),
  weighted: false,
});
const matrix = of(5, 1, 0, 2, 6, 2, 0, 4, 0);
const name = (index: number) => ["ant", "bee", "cat"][index]!;
const text = (parts: { text: string }[]) => parts.map((part) => part.text).join("");

test("cells are counts or shares of their row, their column or all", () => {
  expect([...unitValues(matrix, "count")]).toEqual([...matrix.counts]);
  expect(unitValues(matrix, "row")[3]).toBeCloseTo(2 / 10);
  expect(unitValues(matrix, "column")[3]).toBeCloseTo(2 / 7);
  expect(unitValues(matrix, "all")[3]).toBeCloseTo(2 / 20);
  expect(unitValues(of(0, 0, 1, 1), "row")[0]).toBeNaN();
});

test("classes are ordered by support, by recall and by what the server says", () => {
  expect(orderedClasses(matrix, "support", null)).toEqual([1, 0, 2]);
  expect(orderedClasses(matrix, "recall", null)).toEqual([2, 1, 0]);
  expect(orderedClasses(matrix, "similarity", [2, 0, 1])).toEqual([2, 0, 1]);
  expect(orderedClasses(matrix, "similarity", null)).toEqual([0, 1, 2]);
});

test("groups fold into one row and column, and nothing is lost", () => {
  const groups: ClassGroup[] = [{ name: "insects", children: [1, { name: "small", children: [0] }] }];
  expect(listGroups(groups).map((group) => [group.path, group.depth, group.classes])).toEqual([
    ["0", 0, [1, 0]],
    ["0/0", 1, [0]],
  ]);
  expect(groupedBins(groups, new Set(), 3, name).map((bin) => bin.name)).toEqual(["bee", "ant", "cat"]);
  const folded = groupedBins(groups, new Set(["0"]), 3, name);
  expect(folded.map((bin) => bin.name)).toEqual(["insects", "cat"]);
  const sums = binned(matrix, folded);
  expect([...sums.counts]).toEqual([14, 2, 4, 0]);
  expect(sumsOf(sums).total).toBe(sumsOf(matrix).total);
});

test("in another order every cell is where its names say", () => {
  const order = [2, 0, 1];
  const moved = binned(matrix, singleBins(order, name));
  order.forEach((truth, row) =>
    order.forEach((predicted, column) =>
      expect(moved.counts[row * 3 + column]).toBe(matrix.counts[truth * 3 + predicted]),
    ),
  );
});

test("symmetric pairs stand together, the more frequent way first", () => {
  const [first, second] = confusedPairs(matrix, 5);
  expect(first).toEqual({
    cell: { truth: 2, predicted: 1 },
    mirror: { truth: 1, predicted: 2 },
    count: 4,
    back: 2,
  });
  expect(second?.cell).toEqual({ truth: 1, predicted: 0 });
});

test("scores are scikit-learn's, with macro and weighted means", () => {
  const scores = classScores(matrix);
  expect(scores.map((score) => score.f1)).toEqual([10 / 13, 12 / 21, 0]);
  expect(meanScore(scores, "macro").recall).toBeCloseTo((5 / 6 + 6 / 10 + 0) / 3);
  expect(meanScore(scores, "weighted").precision).toBeCloseTo((6 * (5 / 7) + 10 * (6 / 11) + 0) / 20);
  expect(sortScores(scores, "support", true).map((score) => score.index)).toEqual([1, 0, 2]);
  const [first] = labelScores(Float64Array.of(3, 1, 2, 4));
  expect([first!.precision, first!.recall, first!.support]).toEqual([4 / 5, 4 / 6, 6]);
});

test("a class that is never predicted has no precision, and comes last either way", () => {
  const scores = classScores(of(3, 0, 2, 0));
  expect(scores[1]!.precision).toBeNaN();
  expect(sortScores(scores, "precision", true).at(-1)!.index).toBe(1);
  expect(sortScores(scores, "precision", false).at(-1)!.index).toBe(1);
});

test("a difference says both counts, and shares where the two are of different sizes", () => {
  const later = of(6, 0, 0, 1, 7, 2, 0, 4, 0);
  expect([...differenceValues(matrix, later, "count")]).toEqual([1, -1, 0, -1, 1, 0, 0, 0, 0]);
  expect(comparableUnit(20, 20, "count")).toBe("count");
  expect(comparableUnit(20, 3, "count")).toBe("row");
  const sides = { a: matrix, b: later, aName: "epoch 1", bName: "epoch 2", unit: "count" as const };
  expect(text(describeDifference(sides, { truth: 1, predicted: 0 }, name))).toBe(
    "bee → ant: 2 in epoch 1, 1 in epoch 2: −1",
  );
  expect(changeText(matrix, 0.042, "row")).toBe("+4.2 points");
  expect(mostChanged(differenceValues(matrix, later, "count"), 3, 1)[0]!.by).toBe(-1);
});

test("a cell is described as a share of its column too", () => {
  expect(text(describeColumnShare(matrix, { truth: 2, predicted: 1 }, name))).toBe(
    ", and 36 % of those predicted as bee",
  );
});

test("thresholds move counts from no to yes, and the areas are exact for separate and for mixed scores", () => {
  const points = thresholds(histogramOf([1, 2, 4], Float64Array.of(2, 2, 0, 0, 0, 0, 1, 3), 0));
  expect(areaUnderRoc(points)).toBe(1);
  expect(averagePrecision(points)).toBe(1);
  expect(atThreshold(points, 0.75)).toEqual({
    threshold: 0.75,
    falsePositives: 0,
    truePositives: 3,
    trueNegatives: 4,
    falseNegatives: 1,
  });
  const alike = thresholds(histogramOf([1, 2, 4], Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1), 0));
  expect(areaUnderRoc(alike)).toBeCloseTo(0.5);
  expect(averagePrecision(alike)).toBeCloseTo(0.5);
});

test("rows of attention are 0 bits apart when equal and 1 when they share nothing", () => {
  expect(rowDivergence(Float32Array.of(1, 3), Float32Array.of(2, 6))).toBeCloseTo(0);
  expect(rowDivergence(Float32Array.of(1, 0), Float32Array.of(0, 1))).toBeCloseTo(1);
  expect(rowDivergence(Float32Array.of(0, 0), Float32Array.of(0, 1))).toBeNaN();
});

test("each class is counted against all others, and labels as they are stored", () => {
  const two: Confusion = { classes: 2, counts: Float64Array.of(50, 10, 5, 35), weighted: false };
  expect(outcomesOfClasses(two)).toEqual([
    { truePositives: 50, falsePositives: 5, falseNegatives: 10, trueNegatives: 35 },
    { truePositives: 35, falsePositives: 10, falseNegatives: 5, trueNegatives: 50 },
  ]);
  expect(outcomesOfLabels(Float64Array.of(1, 2, 3, 4))).toEqual([
    { trueNegatives: 1, falsePositives: 2, falseNegatives: 3, truePositives: 4 },
  ]);
});
