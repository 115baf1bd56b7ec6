import { expect, test } from "vitest";
import { inkOn, interpolate, sequential, type RampName } from "../src/color/ramp";
import { colorIndex, legendTicks, makeScale, roundTop } from "../src/color/scale";
import { paintMap, wholeMap } from "../src/draw/heatmap";
import { clampView, panView, zoomView } from "../src/draw/viewport";
import { matrixSize } from "../src/model/matrixSize";
import { cropOf, drawTint, positionUnder } from "../src/draw/patches";
import { positionsOf } from "../src/model/positions";
import { site } from "./helpers";

const map = (rows: number, columns: number, weights: number[]) => ({
  rows,
  columns,
  weights: Float32Array.from(weights),
});
const scale = makeScale("greys", false, 1, false);

function paint(source: ReturnType<typeof map>, width: number, height: number, view = wholeMap(source)): Uint32Array {
  const pixels = new Uint32Array(width * height);
  paintMap(pixels, width, { x: 0, y: 0, width, height }, source, view, scale);
  return pixels;
}

test("each cell fills its pixels with its colour", () => {
  const pixels = paint(map(1, 2, [0, 1]), 4, 2);
  const [none, all] = [scale.ramp[0]!, scale.ramp[255]!];
  expect([...pixels]).toEqual([none, none, all, all, none, none, all, all]);
});

test("a single hot weight among thousands is still seen when they share pixels", () => {
  const hot = map(1000, 1000, []);
  hot.weights = new Float32Array(1e6);
  hot.weights[637 * 1000 + 211] = 1;
  const pixels = paint(hot, 40, 40);
  expect(pixels.filter((pixel) => pixel === scale.ramp[255]).length).toBeGreaterThanOrEqual(1);
});

test("a part of a map is painted when zoomed in", () => {
  const pixels = paint(map(2, 2, [0, 0, 0, 1]), 2, 2, { x0: 1, y0: 1, x1: 2, y1: 2 });
  expect([...pixels]).toEqual(Array(4).fill(scale.ramp[255]));
});

test("NaN is hatched, not coloured", () => {
  const pixels = paint(map(1, 2, [NaN, 0]), 12, 6);
  const left = [...pixels].filter((_, i) => i % 12 < 6);
  expect(new Set(left).size).toBe(2);
  for (const color of scale.ramp)
    expect(new Set(left).has(color) && color !== 0xffc8c8c8 && color !== 0xff9a9a9a).toBe(false);
});

test("a lone NaN is hatched on every line of its cell, and only there", () => {
  const pixels = paint(map(2, 2, [0, NaN, 1, 0]), 24, 24);
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, y) => [...pixels.slice((from + y) * 24, (from + y + 1) * 24)]);
  const known = new Set([...scale.ramp]);
  for (const line of lines(0, 12))
    expect(line.slice(12).some((pixel) => !known.has(pixel) || pixel === 0xff9a9a9a)).toBe(true);
  expect(new Set(lines(0, 12).map((line) => line.slice(12).join())).size).toBeGreaterThan(1);
  for (const line of lines(12, 24))
    expect(line).toEqual([...Array(12).fill(scale.ramp[255]), ...Array(12).fill(scale.ramp[0])]);
});

test("zooming keeps the point under the pointer and stays inside the map", () => {
  const view = zoomView({ x0: 0, y0: 0, x1: 100, y1: 100 }, 0.25, 0.5, 0.5, 100, 100);
  expect(view).toEqual({ x0: 12.5, y0: 25, x1: 62.5, y1: 75 });
  expect(zoomView(view, 0.5, 0.5, 100, 100, 100)).toEqual({ x0: 0, y0: 0, x1: 100, y1: 100 });
  expect(panView(view, 10, 0, 100, 100).x0).toBe(0);
  expect(clampView({ x0: 98, y0: 0, x1: 99, y1: 100 }, 100, 100).x1 - 97).toBeCloseTo(3);
});

test("the ends of a colour table are its stops", () => {
  const ramp = interpolate(["#102030", "#ffffff"]);
  expect(ramp[0]).toBe(0xff302010);
  expect(ramp[255]).toBe(0xffffffff);
  expect(() => sequential("jetset" as RampName, false)).toThrow("unknown colour map: jetset");
});

test("ink is readable on every colour of every table", () => {
  const luminance = (red: number, green: number, blue: number) => {
    const [r, g, b] = [red, green, blue].map((byte) => {
      const share = byte / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  for (const name of ["blue", "viridis", "cividis", "greys"] as const) {
    for (const dark of [false, true]) {
      sequential(name, dark).forEach((color, index, ramp) => {
        const below = luminance(color & 255, (color >> 8) & 255, (color >> 16) & 255);
        const ink = inkOn(ramp, index) === "#fff" ? 1 : 0;
        expect((Math.max(below, ink) + 0.05) / (Math.min(below, ink) + 0.05)).toBeGreaterThan(4.5);
      });
    }
  }
});

test("the scale is a square root from 0, and symmetric where weights are negative", () => {
  expect(colorIndex(makeScale("blue", false, 0.4, false), 0.1)).toBeCloseTo(127.5);
  expect(colorIndex(makeScale("blue", false, 0.4, false), 7)).toBe(255);
  const signed = makeScale("blue", false, 1, true);
  expect([colorIndex(signed, -1), colorIndex(signed, 0), colorIndex(signed, 1)]).toEqual([0, 127.5, 255]);
});

test("the top of the scale is a round number, so that it seldom moves", () => {
  expect([0.03, 0.2, 0.21, 0.7, 1].map(roundTop)).toEqual([0.05, 0.2, 0.4, 1, 1]);
  expect(roundTop(NaN)).toBe(1);
  expect([37.4, 61, 134, 1234, 99.9].map(roundTop)).toEqual([38, 61, 140, 1300, 100]);
});

test("the legend says what is clipped", () => {
  const ticks = legendTicks(makeScale("blue", false, 0.6, false, "sqrt", true));
  expect(ticks[0]).toEqual({ at: 0, text: "0" });
  expect(ticks.at(-1)).toEqual({ at: 1, text: "≥ .6" });
  const texts = (...more: Parameters<typeof makeScale>) => legendTicks(makeScale(...more)).map((tick) => tick.text);
  expect(texts("blue", false, 0.6, false).at(-1)).toBe(".6");
  expect(texts("blue", false, 0.6, true)).toEqual(["−.6", "0", ".6"]);
  expect(texts("blue", false, 0.6, true, "sqrt", true)).toEqual(["≤ −.6", "0", "≥ .6"]);
});

test.each([
  [1, ["0", "1"]],
  [2, ["0", "1", "2"]],
  [7, ["0", "1", "2", "7"]],
  [61, ["0", "5", "20", "61"]],
])("ticks of counts up to %i are whole numbers, none twice", (top, expected) => {
  const ticks = legendTicks(makeScale("blue", false, top, false), { whole: true });
  expect(ticks.map((tick) => tick.text)).toEqual(expected);
});

test("a patch is the part of the picture that its cell covers", () => {
  const axis = { size: 5, kind: "grid" as const, grid: [2, 2], extra: ["CLS"] };
  const positions = positionsOf(site({}, [{ role: "key", ...axis }]), "key", null);
  const picture = { width: 28, height: 14 } as HTMLCanvasElement;
  expect(cropOf(picture, positions, 0)).toBeNull();
  expect(cropOf(picture, positions, 4)).toEqual({ x: 14, y: 7, width: 14, height: 7 });
});

const overlapping = positionsOf(
  site({}, [
    {
      role: "key",
      size: 4,
      kind: "grid",
      grid: [2, 2],
      input: 0,
      pixels: [
        { axis: 1, of: 10, offset: -2, size: 6, stride: 6 },
        { axis: 2, of: 20, offset: 0, size: 10, stride: 8 },
      ],
    },
  ]),
  "key",
  null,
);

test("a patch that hangs over the edge ends there, and a rest belongs to none", () => {
  const picture = { width: 40, height: 10 } as HTMLCanvasElement;
  const rounded = (position: number) => Object.values(cropOf(picture, overlapping, position)!).map(Math.round);
  expect([rounded(0), rounded(3)]).toEqual([
    [0, 0, 20, 4],
    [16, 4, 20, 6],
  ]);
});

test("where patches overlap the tint is that of the stronger one, and a rest has none", () => {
  const drawn: (string | number)[][] = [];
  const context = {
    canvas: { width: 20, height: 10 },
    fillStyle: "",
    fillRect(...rect: number[]) {
      drawn.push([...rect, this.fillStyle]);
    },
  };
  const values = Float32Array.from([1, 0.5, 0, 0.25]);
  drawTint(context as unknown as CanvasRenderingContext2D, overlapping, { values, rgb: "1,2,3", full: 1, opacity: 1 });
  expect(drawn).toEqual([
    [0, 0, 8, 4, "rgba(1,2,3,1.000)"],
    [8, 0, 2, 4, "rgba(1,2,3,1.000)"],
    [10, 0, 8, 4, "rgba(1,2,3,0.500)"],
    [8, 4, 2, 6, "rgba(1,2,3,0.250)"],
    [10, 4, 8, 6, "rgba(1,2,3,0.250)"],
  ]);
});

test("the pointer is over the patch whose middle is nearest", () => {
  const at = (x: number, y: number) => positionUnder(overlapping, x / 20, y / 10);
  expect([at(2, 1), at(8.5, 1), at(9.5, 1), at(19.9, 9.9), at(3, 5)]).toEqual([0, 0, 1, 3, 2]);
});

test("a square map stays square, and a tall one does not become a thread", () => {
  expect(matrixSize({ rows: 50, columns: 50 }, 600, 400)).toEqual({ width: 400, height: 400 });
  expect(matrixSize({ rows: 1, columns: 20 }, 500, 400)).toEqual({ width: 500, height: 140 });
  expect(matrixSize({ rows: 300, columns: 8 }, 500, 400).width).toBeGreaterThanOrEqual(100);
  // A band of many words is no thread, but higher than wide.
  expect(matrixSize({ rows: 2048, columns: 66 }, 500, 360)).toEqual({ width: 240, height: 360 });
});
