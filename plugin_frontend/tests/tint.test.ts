import { expect, test } from "vitest";
import { fitTint, openTint } from "../src/color/tint";
import { drawnCells } from "../src/draw/patches";
import { overlap, withoutOverlap } from "../src/model/overlap";
import { positionsOf } from "../src/model/positions";
import { site } from "./helpers";

const row = (...weights: number[]) => Float32Array.from(weights);
const all = (count: number) => Array.from({ length: count }, (_, i) => i);

test("the tint is full at the largest weight of the row, however small that is", () => {
  const tint = fitTint([row(0.005, 0.07, 0.01)], all(3), "row");
  expect(tint.full).toBeCloseTo(0.07);
  expect(tint.clips).toBe(false);
});

test("a class token that gets most of the row does not weaken the tint of the patches", () => {
  const axis = { size: 5, kind: "grid" as const, grid: [2, 2], extra: ["CLS"] };
  const positions = positionsOf(site({}, [{ role: "key", ...axis }]), "key", null);
  expect(drawnCells(positions)).toEqual([1, 2, 3, 4]);
  expect(fitTint([row(0.9, 0.04, 0.02, 0.03, 0.01)], drawnCells(positions), "row").full).toBeCloseTo(0.04);
});

test("by quantile a few outliers are drawn like it, and the scale says so", () => {
  const weights = row(...all(98).map((i) => (i + 1) / 1000), 0.8, 0.9);
  const tint = fitTint([weights], all(100), "quantile");
  expect(tint.full).toBeCloseTo(0.098);
  expect(tint.clips).toBe(true);
  // Nearly all zeros: the quantile would be none.
  expect(fitTint([row(...Array<number>(99).fill(0), 0.5)], all(100), "quantile")).toMatchObject({
    full: 0.5,
    clips: false,
  });
});

test("over steps the tint is the same for each of them", () => {
  const steps = [row(0.1, 0.2), row(0.6, 0.1)];
  const at = (step: number) => fitTint([steps[step]!], all(2), "steps", steps);
  expect([at(0).full, at(1).full]).toEqual([at(0).full, at(0).full]);
  expect(at(0).full).toBeCloseTo(0.6);
  expect(fitTint([row(0.9, 0)], all(2), "steps", steps).clips).toBe(true);
});

test("what is not a number, or nothing at all, leaves a scale", () => {
  expect(fitTint([row(NaN, 0.25)], all(2), "row").full).toBe(0.25);
  expect(fitTint([row(NaN, NaN)], all(2), "row").full).toBe(1);
  expect(fitTint([row(0, 0)], all(2), "quantile").full).toBe(1);
  expect(fitTint([], [], "row")).toMatchObject({ full: 1, clips: false });
});

test("a gate is full where it is open, and larger values are not cut", () => {
  expect(openTint([row(0.2, 0.4)], all(2)).full).toBe(1);
  expect(openTint([row(0.2, 3)], all(2))).toMatchObject({ full: 3, clips: false });
});

test("of values that would lie over each other the stronger one is written", () => {
  const box = (left: number, top = 0) => ({ left, right: left + 30, top, bottom: top + 10 });
  expect([...withoutOverlap([box(100), box(110), box(130), box(110, 20)])]).toEqual([0, 2, 3]);
  expect(overlap(box(0), box(30))).toBe(false);
});
