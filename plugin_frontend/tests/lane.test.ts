import { expect, test } from "vitest";
import { countLane, laneWords, segmentsOf } from "../src/model/lane";

const cat = (right: boolean) => ({ text: "cat", right });

test("equal neighbours are one segment, and a gap or another verdict ends it", () => {
  const segments = segmentsOf([cat(true), cat(true), null, cat(true), cat(false)]);
  expect(segments.map(({ from, to }) => [from, to])).toEqual([
    [0, 2],
    [3, 4],
    [4, 5],
  ]);
});

test("slots that share a mark are one segment: what all of them say, or how many are right", () => {
  const dog = { text: "dog", right: false };
  const values = [...Array<boolean>(6).fill(true).map(cat), dog, cat(true), null, null, null, null, dog, null];
  expect(segmentsOf(values, 3)).toEqual([
    { from: 0, to: 6, value: cat(true) },
    { from: 6, to: 9, value: { text: "1 of 2 right" }, rightShare: 0.5 },
    { from: 12, to: 14, value: dog },
  ]);
  const words = ["a", "b", "b"].map((text) => ({ text }));
  expect(segmentsOf(words, 3)).toEqual([{ from: 0, to: 3, value: { text: "b, 2 of 3" }, rightShare: NaN }]);
});

test("of bars that share a mark the highest is drawn", () => {
  const { values } = countLane("a → b", [2, 8, 4, NaN, NaN, NaN], String);
  expect(segmentsOf(values, 3)).toEqual([{ from: 0, to: 3, value: { text: "8", share: 1 } }]);
});

test("counts have bars as high as their share of the largest, and none where nothing is known", () => {
  const lane = countLane("a → b", [2, NaN, 8, 0], String);
  expect(lane.values.map((value) => value?.share ?? null)).toEqual([0.25, null, 1, 0]);
  expect(segmentsOf(lane.values)).toHaveLength(3);
});

test("counts that are all 0 have no bars", () => {
  expect(countLane("a → b", [0, 0], String).values.map((value) => value?.share)).toEqual([0, 0]);
});

test("a lane is said in words, a long one by its ends", () => {
  const name = (slot: number) => `epoch ${slot + 1}`;
  expect(laneWords({ name: "prediction", values: [cat(false), cat(true), cat(true)] }, name)).toBe(
    "prediction: cat (wrong) at epoch 1, cat (right) at epoch 2 to epoch 3",
  );
  const long = countLane("a → b", [1, 2, 3, 4, 5, 6, 7, 8], String);
  expect(laneWords(long, name)).toBe("a → b: 1 at epoch 1, 2 at epoch 2, 4 more, 7 at epoch 7, 8 at epoch 8");
});
