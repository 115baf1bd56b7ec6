import { expect, test } from "vitest";

import { aboveOthers, peaksOf, spreadOf } from "../src/model/classMeans";
import { partingText, peaksText } from "../src/model/sentences";

const means = [
  [0.9, 0.5, 0.1],
  [0.3, 0.5, 0.5],
].map((values) => Float32Array.from(values));

test("what lies above the mean of all classes sums to nothing over the classes", () => {
  const [one, other] = aboveOthers(means);
  [0.3, 0, -0.2].forEach((value, i) => expect(one![i]).toBeCloseTo(value));
  one!.forEach((value, i) => expect(value + other![i]!).toBeCloseTo(0));
});

test("a channel that is the same in all classes tells none apart", () => {
  [0.3, 0, 0.2].forEach((value, i) => expect(spreadOf(means)[i]).toBeCloseTo(value));
});

test("each class has the channel where it lies farthest above the others", () => {
  expect(peaksOf(means, [0, 1, 2]).map(({ line, position }) => [line, position])).toEqual([
    [0, 0],
    [1, 2],
  ]);
  expect(peaksOf(means, [1])).toEqual([]);
  const lines = means.map((values, i) => ({ name: `${i}`, short: ["petal", "thorn"][i]!, values }));
  const said = peaksText(lines, { shown: [0, 1, 2], name: (position) => `channel ${position}` });
  expect(said).toContain("petal: channel 0 (+0.300) · thorn: channel 2 (+0.200)");
});

test("a sentence says where two series are farthest apart", () => {
  const curves = [
    { tag: "training", values: [NaN, 2, 1, 0.5] },
    { tag: "validation", values: [9, 2, 2, 1] },
  ];
  const said = partingText(curves, ["init", "epoch 1", "epoch 2", "epoch 3"]);
  expect(said).toBe("Farthest apart at epoch 2: training 1.00, validation 2.00.");
  expect(partingText([{ tag: "one", values: [1] }], ["init"])).toBe("");
});
