import { expect, test } from "vitest";
import type { Axis } from "../src/api/wire";
import { sinkShares } from "../src/model/maps";
import { site } from "./helpers";

const first = { head: 0, iteration: 0, window: 0 };

test("each query of a map has its share", () => {
  const sunk = site({ sink: { shape: [2, 3], encoding: "float32" } });
  const stored = Float32Array.from([0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  expect([...sinkShares(sunk, stored, { ...first, head: 1 })!]).toEqual([...stored.subarray(3)]);
});

test("windows lie inside of heads", () => {
  const sizes = { heads: 2, windows: 2, query: 1, key: 3 };
  const axes = Object.entries(sizes).map(([role, size]) => ({ role, size }) as Axis);
  const sunk = site({ sink: { shape: [2, 2, 1], encoding: "float32" } }, axes);
  expect([...sinkShares(sunk, Float32Array.from([1, 2, 3, 4]), { ...first, head: 1, window: 1 })!]).toEqual([4]);
});

test("a site without a sink has no shares", () => {
  expect(sinkShares(site(), Float32Array.from([1]), first)).toBeNull();
});
