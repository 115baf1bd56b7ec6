import { expect, test } from "vitest";
import { arrange, cellOfHead, headAtPoint } from "../src/model/arrangeHeads";
import { shortestNames, siteNames } from "../src/model/heads";
import { headValue, measureScale, measureShare, rankHeads } from "../src/model/headValues";
import { site } from "./helpers";

const layers = (count: number, heads: number) => Array.from({ length: count }, (_, i) => ({ site: i, heads }));

test("12 x 12 heads fit without scrolling, as pictures", () => {
  const { height, squares, cell, columns, pitch } = arrange(layers(12, 12), null, new Set(), 680, 500);
  expect(squares).toBe(false);
  expect(cell).toBeGreaterThan(30);
  expect(height).toBeLessThanOrEqual(500);
  expect(columns * pitch).toBeLessThanOrEqual(680);
});

test("48 x 32 heads fit without scrolling, as squares", () => {
  const { height, squares, cell } = arrange(layers(48, 32), null, new Set(), 680, 500);
  expect(squares).toBe(true);
  expect(cell).toBeGreaterThanOrEqual(8);
  expect(height).toBeLessThanOrEqual(500);
});

const rankedHeads = (count: number, heads: number) =>
  layers(count, heads).flatMap(({ site }) => Array.from({ length: heads }, (_, head) => ({ site, head })));

test("ranked heads have room for a name and a value below each, and scroll rather than lose it", () => {
  for (const [count, width, height] of [
    [2, 680, 500],
    [12, 680, 500],
    [12, 300, 200],
    [33, 1280, 700],
  ] as const) {
    const { rows, caption, cell, pitch, columns, squares } = arrange(
      layers(count, 12),
      rankedHeads(count, 12),
      new Set(),
      width,
      height,
    );
    expect(caption).toBeGreaterThanOrEqual(28);
    expect(cell).toBeGreaterThanOrEqual(44);
    expect(squares).toBe(false);
    expect(columns * pitch).toBeLessThanOrEqual(width);
    for (const [r, row] of rows.entries())
      expect((rows[r + 1]?.y ?? Infinity) - row.y).toBeGreaterThanOrEqual(cell + caption);
  }
});

test("too many ranked heads for names are squares that fit", () => {
  const { caption, squares, height } = arrange(layers(48, 32), rankedHeads(48, 32), new Set(), 680, 500);
  expect([caption, squares]).toEqual([0, true]);
  expect(height).toBeLessThanOrEqual(500);
});

test("layers that differ by a number only are called by it where there is little room", () => {
  const sites = (...paths: string[]) => paths.map((path) => site({ path }));
  expect(shortestNames(sites("block_0/attention", "block_1/attention", "block_10/attention"))).toEqual([
    "0",
    "1",
    "10",
  ]);
  expect(shortestNames(sites("encoder/layer_0/self", "decoder/layer_0/self"))).toEqual(
    siteNames(sites("encoder/layer_0/self", "decoder/layer_0/self")),
  );
  expect(shortestNames(sites("block_0/attention"))).toEqual(["attention"]);
});

test("a folded row leaves its room to the others", () => {
  const open = arrange(layers(4, 4), null, new Set(), 600, 400);
  const folded = arrange(layers(4, 4), null, new Set([1, 2]), 600, 400);
  expect(folded.cell).toBeGreaterThan(open.cell);
  expect(folded.rows[1]?.height).toBeLessThan(20);
});

test("what is under the pointer is what is drawn there", () => {
  const arrangement = arrange(layers(3, 4), null, new Set([0]), 600, 400);
  const place = { site: 2, head: 3 };
  const { row, column } = cellOfHead(arrangement, place)!;
  const y = arrangement.rows[row]!.y;
  expect(headAtPoint(arrangement, column * arrangement.pitch + 2, y + 2)).toEqual(place);
  expect(headAtPoint(arrangement, 4 * arrangement.pitch + 2, y + 2)).toBeNull();
});

const measures = {
  array: { shape: [2, 2, 2], data: Float32Array.of(2, 0.2, 1, 0.4, 0.5, 0.9, NaN, 0.1) },
  names: ["entropy", "largest"],
};
const sites = [site()];

test("ranked, focused heads come first and those without a value last", () => {
  expect(rankHeads(measures, 1, 0, sites, [0], "entropy").map(({ head }) => head)).toEqual([0, 1]);
  expect(rankHeads(measures, 0, -1, sites, [0], "largest").map(({ head }) => head)).toEqual([1, 0]);
});

test("the change is that of the entropy, of the largest weight where there is none", () => {
  expect(headValue(measures, 1, 0, 0, "change")).toBeCloseTo(1.5);
  expect(headValue(measures, 1, 0, 1, "change")).toBeCloseTo(0.3);
  expect(headValue(measures, 0, -1, 0, "change")).toBeNaN();
});

test("one scale for all steps reaches to the uniform entropy, and focused is at its end", () => {
  const scale = measureScale(measures, "entropy", sites);
  expect(scale.high).toBe(2);
  expect(scale.uniform).toBeCloseTo(Math.log2(3));
  expect(measureShare(scale, 0)).toBe(1);
  expect(measureShare(scale, NaN)).toBeNaN();
});
