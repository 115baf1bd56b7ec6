import { expect, test } from "vitest";
import { curved, makeScale, legendTicks } from "../src/color/scale";
import { strongest } from "../src/model/links";
import { relativeTo } from "../src/model/relative";

const map = { rows: 2, columns: 3, weights: Float32Array.of(0.7, 0.2, 0.1, 0.05, 0.05, 0.9) };

test("the strongest lines come first, as many as asked for", () => {
  const found = strongest(map, [0, 1], [0, 1, 2], "top2");
  expect(found.map(({ query, key }) => [query, key])).toEqual([
    [1, 2],
    [0, 0],
  ]);
});

test("lines from a threshold on leave out what is not shown", () => {
  expect(strongest(map, [0], [1, 2], "above0.1").map(({ key }) => key)).toEqual([1, 2]);
});

test("a map of 1,000,000 weights gives exactly its strongest hundred", () => {
  const weights = Float32Array.from({ length: 1e6 }, (_, i) => ((i * 7919) % 1000003) / 1e6);
  const all = Array.from({ length: 1000 }, (_, i) => i);
  const found = strongest({ rows: 1000, columns: 1000, weights }, all, all, "top100");
  expect(found.map(({ weight }) => weight)).toEqual([...weights].sort((a, b) => b - a).slice(0, 100));
});

test("zeros and NaN are no lines", () => {
  const weights = Float32Array.of(0, NaN, 0);
  expect(strongest({ rows: 1, columns: 3, weights }, [0], [0, 1, 2], "top20")).toEqual([]);
});

test("relative to the row, each row's largest is 1; relative to the map, one weight is", () => {
  expect([...relativeTo(map, "row").weights].filter((weight) => weight === 1)).toHaveLength(2);
  expect([...relativeTo(map, "matrix").weights].filter((weight) => weight === 1)).toHaveLength(1);
  expect(relativeTo(map, "no")).toBe(map);
});

test("the logarithmic scale reaches from a thousandth of the top to the top", () => {
  expect(curved("log", 1)).toBe(1);
  expect(curved("log", 0.001)).toBeCloseTo(0);
  expect(curved("log", 0)).toBe(0);
  const ticks = legendTicks(makeScale("blue", false, 1, false, "log"));
  expect(ticks.map((tick) => Math.round(tick.at * 3))).toEqual([0, 1, 2, 3]);
});
