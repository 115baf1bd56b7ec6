import { expect, test } from "vitest";
import { makeScale } from "../src/color/scale";
import { drawBars } from "../src/draw/bars";
import type { Surface } from "../src/draw/surface";
import { lookOf, paintThumbnail } from "../src/draw/thumbnail";
import type { Axis, Site } from "../src/api/wire";
import { site } from "./helpers";

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
