import { expect, test } from "vitest";
import { framePainter } from "../src/app/timeline/filmFrames";
import { makeScale } from "../src/color/scale";
import { drawBars } from "../src/draw/bars";
import type { Surface } from "../src/draw/surface";
import { lookOf, paintThumbnail } from "../src/draw/thumbnail";
import type { Axis, Site } from "../src/api/wire";
import { filmOfHeads } from "../src/model/sentences";
import type { Store } from "../src/state/store.svelte";
import { record, site } from "./helpers";

const scale = makeScale("greys", false, 1, false);
const gate = (keys: Axis[], changes: Partial<Site> = {}) =>
  site({ kind: "gate", ...changes }, [{ role: "heads", size: 1 }, ...keys]);

/** How many pixels of each column are inked. */
function heights(of: Site, weights: number[], width: number, height: number, colors = scale): number[] {
  const pixels = new Uint32Array(width * height);
  const map = { rows: 1, columns: weights.length, weights: Float32Array.from(weights) };
  paintThumbnail(pixels, width, { x: 0, y: 0, width, height }, of, map, colors);
  const paper = colors.ramp[colors.signed ? 128 : 0];
  return Array.from(
    { length: width },
    (_, x) => Array.from({ length: height }, (_, y) => pixels[y * width + x] !== paper).filter(Boolean).length,
  );
}

test("a small gate over channels shows its values by size, whatever their order", () => {
  const channels = gate([{ role: "key", size: 4, kind: "channels" }]);
  expect(lookOf(channels)).toBe("bars");
  expect(heights(channels, [0, 1, 0.25, 0.5], 8, 20)).toEqual([20, 20, 10, 10, 5, 5, 0, 0]);
});

test("of 1,024 channels of which 273 are closed, about a quarter of the small picture is empty", () => {
  const channels = gate([{ role: "key", size: 1024, kind: "channels" }]);
  const values = Array.from({ length: 1024 }, (_, i) => ((i * 577) % 1024 < 273 ? 0 : 1));
  const empty = heights(channels, values, 64, 20).filter((high) => high === 0).length;
  expect(empty / 64).toBeCloseTo(273 / 1024, 1);
});

test("what has no queries and is no gate keeps its order: it looks at positions", () => {
  const pooling = gate([{ role: "key", size: 3 }], { kind: "self" });
  expect(heights(pooling, [0, 1, 0.5], 3, 10)).toEqual([0, 10, 5]);
});

test("signed values go up and down from the middle", () => {
  const channels = gate([{ role: "key", size: 3, kind: "channels" }], { kind: "activation" });
  expect(heights(channels, [0, 1, -0.5], 3, 20, makeScale("greys", false, 1, true))).toEqual([10, 0, 5]);
});

test("a spatial gate is a plane, row by row", () => {
  const plane = gate([{ role: "key", size: 4, kind: "grid", grid: [2, 2] }]);
  expect(lookOf(plane)).toBe("plane");
  const pixels = new Uint32Array(4);
  const map = { rows: 2, columns: 2, weights: Float32Array.from([0, 1, 1, 0]) };
  paintThumbnail(pixels, 2, { x: 0, y: 0, width: 2, height: 2 }, plane, map, scale);
  expect([...pixels]).toEqual([scale.ramp[0], scale.ramp[255], scale.ramp[255], scale.ramp[0]]);
});

test("bars that share a pixel show the least and the largest of them", () => {
  const drawn: { x: number; high: number; alpha: number }[] = [];
  const context = {
    fillStyle: "",
    globalAlpha: 1,
    clearRect() {},
    fillRect(x: number, _y: number, _w: number, high: number) {
      if (this.fillStyle === "bar") drawn.push({ x, high, alpha: this.globalAlpha });
    },
  };
  const surface = { context, width: 2, height: 102, ratio: 1 } as unknown as Surface;
  const colors = { line: "line", bar: "bar", pointed: "pointed", tick: "tick" };
  const values = Float32Array.from([0.2, 1, 0, 0.5]);
  drawBars(surface, { values, order: [0, 1, 2, 3], before: null, top: 1, pointed: null, colors });
  expect(drawn.map(({ x, high, alpha }) => [x, Math.round(high), alpha])).toEqual([
    [0, 20, 1],
    [0, 80, 0.4],
    [1, 0, 1],
    [1, 50, 0.4],
  ]);
});

const CHANNELS: Axis = { role: "key", size: 4, kind: "channels" };
const WEIGHTS = Float32Array.from([0, 1, 0, 0]);

/** A frame of the film in Overview: of two sites, the first of which is a gate with one channel of four open. */
function frame(measure: string): Uint32Array {
  const sites = [gate([CHANNELS]), site({ path: "other" })];
  const slot = { record: record(0) };
  const store = {
    view: "overview",
    slots: [slot],
    sites,
    sitesOf: () => sites,
    stepIndex: () => 0,
    averaging: { onlyMeasures: false },
    scales: { measures: null, measure, of: () => scale },
    arrays: { peekHead: () => ({ rows: 1, columns: 4, weights: WEIGHTS }) },
  };
  const pixels = new Uint32Array(8 * 8);
  const frame = framePainter(store as unknown as Store, 0)!;
  if ("pixels" in frame) frame.pixels(pixels, 8, { x: 0, y: 0, width: 8, height: 8 });
  return pixels;
}

test("the film in Overview shows how many channels of a gate are open, in its own cell", () => {
  const pixels = frame("entropy");
  // The gate has the left of the two columns, which its site does not share with heads; the row below is that of the heads.
  expect([...pixels.slice(0, 8)].map((pixel) => (pixel ? pixel !== scale.ramp[0] : null))).toEqual([
    ...[true, false, false, false],
    ...[null, null, null, null],
  ]);
  expect([...pixels.slice(32)].every((pixel) => pixel === 0)).toBe(true);
  // How far its largest value moved is one number.
  expect(frame("change").every((pixel) => pixel === 0)).toBe(true);
});

test("the film says what it shows of gates and of heads", () => {
  const [gates, heads] = [gate([CHANNELS]), site()];
  expect(filmOfHeads("entropy", [gates])).toEqual({ label: "values over steps", title: "values of all gates" });
  expect(filmOfHeads("largest", [gates]).label).toBe("values over steps");
  expect(filmOfHeads("change", [gates])).toEqual({ label: "large change", title: "large change of all gates" });
  expect(filmOfHeads("entropy", [heads, gates])).toEqual({
    label: "low entropy",
    title: "low entropy of all heads, values of all gates",
  });
});
