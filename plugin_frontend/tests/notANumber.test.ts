import { expect, test } from "vitest";
import { paintFocus } from "../src/draw/paintFocus";
import { paintThumbnail } from "../src/draw/thumbnail";
import { makeScale } from "../src/color/scale";
import { byAmount, comparableQueries, meanDivergence, meanEntropy, measuresOf } from "../src/model/difference";
import { focusShare } from "../src/model/headValues";
import { hasDiverged } from "../src/model/measures";
import { loggedText, slotsOf } from "../src/model/timeline";
import { describeFocus, describeHead, describeMeasure, describeOverview, type Part } from "../src/model/sentences";
import { record, series, site } from "./helpers";

const map = (weights: number[], columns = 2) => ({
  rows: weights.length / columns,
  columns,
  weights: Float32Array.from(weights),
});
const text = (parts: Part[]) => parts.map((part) => part.text).join("");

test("a map that is not a number has no entropy, and no divergence from another", () => {
  const [numbers, none] = [map([0.5, 0.5, 1, 0]), map([NaN, NaN, NaN, NaN])];
  expect(meanEntropy(numbers, [0, 1], [0, 1])).toBe(0.5);
  expect(meanEntropy(none, [0, 1], [0, 1])).toBeNaN();
  expect(meanEntropy(map([0.5, 0.5, NaN, 1]), [0, 1], [0, 1])).toBeNaN();
  expect(meanDivergence(numbers, none, [0, 1], [0, 1])).toBeNaN();
  expect(meanDivergence(numbers, numbers, [0, 1], [0, 1])).toBe(0);
});

test("Compare says that an entropy is not a number, not that the head became more focused", () => {
  const [a, b] = [map([0.5, 0.5, 1, 0]), map([NaN, NaN, NaN, NaN])];
  const measures = measuresOf(a, b, [0, 1], [0, 1]);
  const said = text(
    describeFocus({ measure: "entropy", measures, divergence: NaN, by: "steps", aName: "1", bName: "2" }),
  );
  expect(said).toContain(
    "the entropy of this head is not a number (entropy from 0.500 to NaN bits; divergence NaN bits)",
  );
  expect(said).not.toContain("focused");
});

test("rows that neither of two maps has, such as the last of a generated text, are left out of their measures", () => {
  const [a, b] = [map([0.5, 0.5, 1, 0, NaN, NaN]), map([1, 0, NaN, NaN, NaN, NaN])];
  expect(comparableQueries(a, b, [0, 1, 2], [0, 1])).toEqual([0, 1]);
  const none = map([NaN, NaN]);
  expect(comparableQueries(none, none, [0], [0, 1])).toEqual([0]);
});

test("changes that are not numbers come last", () => {
  expect([NaN, 0.1, 0, -0.5].sort(byAmount)).toEqual([-0.5, 0.1, 0, NaN]);
});

const sites = [site({ path: "a/attention" })];
const measures = {
  array: { shape: [2, 2, 2], data: Float32Array.of(1, 0.4, 1, 0.4, NaN, NaN, 0.2, 0.9) },
  names: ["entropy", "largest"],
};
const words = { measures, measure: "entropy", step: 1, before: 0, stepName: "epoch 2", beforeName: "epoch 1", sites };

test("the overview says how many heads are not numbers", () => {
  expect([0, 1].map((head) => hasDiverged(measures, 1, head))).toEqual([true, false]);
  expect([0, 1].map((head) => hasDiverged(measures, 2, head))).toEqual([false, false]);
  expect(text(describeOverview(words))).toMatch(
    /^The weights of 1 head of 2 at epoch 2 are not a number\. attention · head 1 is the most focused of 1 head/,
  );
  expect(text(describeHead(words, 0, 0, 0))).toContain("its weights are not a number");
  const all = { ...measures, array: { ...measures.array, data: new Float32Array(8).fill(NaN) } };
  expect(text(describeOverview({ ...words, measures: all }))).toBe(
    "The weights of 2 heads of 2 at epoch 2 are not a number.",
  );
  const ranked = [
    { site: 0, head: 1, value: 0.2 },
    { site: 0, head: 0, value: NaN },
  ];
  expect(text(describeMeasure(words, "entropy", ranked))).toBe(
    "attention · head 1 at epoch 2: entropy 0.200 bits; 1 has no number.",
  );
});

test("the film hatches a head that is not a number and leaves the other its colour", () => {
  const shares = focusShare(measures, 1, sites);
  const pixels = new Uint32Array(24 * 6);
  const ramp = Uint32Array.from({ length: 256 }, (_, i) => i + 1);
  paintFocus(pixels, 24, { x: 0, y: 0, width: 24, height: 6 }, shares, ramp);
  const colors = (from: number) => new Set(pixels.filter((_, i) => i % 24 >= from && i % 24 < from + 12));
  expect(colors(0)).toEqual(new Set([0xff9a9a9a, 0xffc8c8c8]));
  expect(colors(12).size).toBe(1);
  expect([...colors(12)][0]).toBeLessThanOrEqual(256);
});

test("a gate that is not a number is hatched, not a bar as high as there is room", () => {
  const gate = site({ kind: "gate" }, [{ role: "key", size: 2 }]);
  const scale = makeScale("greys", false, 1, false);
  const pixels = new Uint32Array(12 * 12);
  paintThumbnail(pixels, 12, { x: 0, y: 0, width: 12, height: 12 }, gate, map([NaN, 1]), scale);
  expect(new Set(pixels.filter((_, i) => i % 12 < 6))).toEqual(new Set([0xff9a9a9a, 0xffc8c8c8]));
  expect(new Set(pixels.filter((_, i) => i % 12 >= 6)).size).toBe(1);
});

test("a loss that was logged as NaN reads so; one that was not logged is a dash", () => {
  const [slot] = slotsOf(series([record(0, { logs: { loss: "NaN", accuracy: 0.5 } })]));
  expect(["loss", "val_loss", "accuracy"].map((name) => loggedText(slot, name))).toEqual(["NaN", "–", "0.500"]);
});
