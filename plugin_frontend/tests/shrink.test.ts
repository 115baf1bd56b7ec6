import { expect, test } from "vitest";
import { measureRamp } from "../src/color/ramp";
import { colorIndex, makeScale } from "../src/color/scale";
import { paintFocus } from "../src/draw/paintFocus";
import { paintMap, wholeMap } from "../src/draw/heatmap";
import { drawTint } from "../src/draw/patches";
import { cellsUnder } from "../src/draw/shrink";
import { paintThumbnail } from "../src/draw/thumbnail";
import { cellMap } from "../src/model/confusionValues";
import { positionsOf } from "../src/model/positions";
import { site } from "./helpers";

const scale = makeScale("greys", false, 1, false, "linear");
const RATIOS = [1, 1.25, 1.5, 2];

/** Numbers from 0 to 0.5 that look random and are the same each time. */
function noise(count: number): Float32Array {
  let seed = 7;
  return Float32Array.from({ length: count }, () => (seed = (seed * 16807) % 2147483647) / 2147483647 / 2);
}

/** By hand: the largest of what reaches into a pixel; where cells are larger than pixels, the cell in its middle. */
function expected(weights: Float32Array, rows: number, columns: number, width: number, height: number): number[] {
  const covered = (pixel: number, pixels: number, cells: number) => {
    const all = Array.from({ length: cells }, (_, cell) => cell);
    if (cells <= pixels) return [Math.floor(((2 * pixel + 1) * cells) / (2 * pixels))];
    // In units of 1 / (pixels * cells), so that all are whole numbers.
    return all.filter((cell) => cell * pixels < (pixel + 1) * cells && (cell + 1) * pixels > pixel * cells);
  };
  const down = Array.from({ length: height }, (_, y) => covered(y, height, rows));
  const across = Array.from({ length: width }, (_, x) => covered(x, width, columns));
  return down.flatMap((under) =>
    across.map((over) => {
      let most = 0;
      for (const row of under) for (const column of over) most = Math.max(most, weights[row * columns + column]!);
      return scale.ramp[Math.round(colorIndex(scale, most))]!;
    }),
  );
}

test.each([
  [17, 17],
  [32, 32],
  [197, 197],
  [50, 3],
  [1, 300],
  [20, 1000],
])("under each pixel of a map of %i x %i lies the largest weight of what it covers", (rows, columns) => {
  const weights = noise(rows * columns);
  for (let row = 0; row < rows; row++) weights[row * columns] = 0.65;
  for (const side of [20, 28, 34, 47, 96]) {
    for (const ratio of RATIOS) {
      const [width, height] = [Math.floor(side * ratio), Math.floor(28 * ratio)];
      const pixels = new Uint32Array(width * height);
      const map = { rows, columns, weights };
      paintMap(pixels, width, { x: 0, y: 0, width, height }, map, wholeMap(map), scale);
      expect([...pixels]).toEqual(expected(weights, rows, columns, width, height));
    }
  }
});

test("a column of a class token is a line in every small picture of a head, at the first and at the last position", () => {
  const of = site({}, [
    { role: "heads", size: 1 },
    { role: "query", size: 197 },
    { role: "key", size: 197 },
  ]);
  for (const token of [0, 98, 196]) {
    const weights = new Float32Array(197 * 197).fill(0.35 / 196);
    for (let row = 0; row < 197; row++) weights[row * 197 + token] = 0.65;
    for (const ratio of RATIOS) {
      for (const side of [20, 28, 34, 48, 60, 96]) {
        const width = Math.floor(side * ratio);
        const pixels = new Uint32Array(width * width);
        paintThumbnail(
          pixels,
          width,
          { x: 0, y: 0, width, height: width },
          of,
          { rows: 197, columns: 197, weights },
          scale,
        );
        const hot = scale.ramp[Math.round(0.65 * 255)]!;
        for (let y = 0; y < width; y++) expect([...pixels.slice(y * width, (y + 1) * width)]).toContain(hot);
      }
    }
  }
});

test("a part of a large map shows the largest weight of what each pixel of the part covers", () => {
  const [rows, columns] = [60, 90];
  const weights = noise(rows * columns);
  const pixels = new Uint32Array(20 * 10);
  const view = { x0: 30, y0: 20, x1: 90, y1: 60 };
  paintMap(pixels, 20, { x: 0, y: 0, width: 20, height: 10 }, { rows, columns, weights }, view, scale);
  const part = Float32Array.from(
    { length: 40 * 60 },
    (_, i) => weights[(20 + Math.floor(i / 60)) * 90 + 30 + (i % 60)]!,
  );
  expect([...pixels]).toEqual(expected(part, 40, 60, 20, 10));
});

test("the largest confusion of a thousand classes stays, and the diagonal does not hide it", () => {
  const classes = 1000;
  const counts = new Float64Array(classes ** 2);
  for (let i = 0; i < classes; i++) counts[i * classes + i] = 1;
  // Beside the diagonal: both share a pixel.
  counts[123 * classes + 124] = 0.8;
  const map = cellMap(counts, classes, "dimmed");
  const pixels = new Uint32Array(28 * 28);
  paintMap(pixels, 28, { x: 0, y: 0, width: 28, height: 28 }, map, wholeMap(map), scale);
  expect([...pixels]).toEqual(expected(map.weights, classes, classes, 28, 28));
  expect(pixels.filter((pixel) => pixel === scale.ramp[Math.round(0.8 * 255)]).length).toBe(1);
});

test("where a number shares a pixel with NaN the number is shown, and NaN alone is hatched", () => {
  const map = { rows: 1, columns: 6, weights: Float32Array.from([NaN, 0.25, NaN, NaN, 0, NaN]) };
  const pixels = new Uint32Array(3);
  paintMap(pixels, 3, { x: 0, y: 0, width: 3, height: 1 }, map, wholeMap(map), scale);
  expect(pixels[0]).toBe(scale.ramp[64]);
  expect([0xff9a9a9a, 0xffc8c8c8]).toContain(pixels[1]);
  expect(pixels[2]).toBe(scale.ramp[0]);
});

test("the film's frame of all heads shows the most focused head under each pixel, one that is not a number first", () => {
  const ramp = measureRamp(false);
  const shares = Array.from({ length: 48 }, (_, layer) =>
    Array.from({ length: 32 }, (_, head) => (layer + head) / 100),
  );
  shares[31]![20] = 1;
  shares[5]![3] = NaN;
  for (const ratio of RATIOS) {
    const [width, height] = [Math.floor(20 * ratio), Math.floor(28 * ratio)];
    const pixels = new Uint32Array(width * height);
    paintFocus(pixels, width, { x: 0, y: 0, width, height }, shares, ramp);
    expect([...pixels]).toContain(ramp[255]);
    expect([...pixels].some((pixel) => pixel === 0xff9a9a9a || pixel === 0xffc8c8c8)).toBe(true);
  }
});

test("no patch is lost where a picture has fewer pixels than patches", () => {
  const of = site({}, [{ role: "key", size: 56 * 56, kind: "grid", grid: [56, 56] }]);
  const positions = positionsOf(of, "key", null);
  for (const [size, patch] of [
    [20, 0],
    [20, 56 * 56 - 1],
    [52, 56 * 23 + 23],
    [65, 1234],
  ] as const) {
    const drawn: number[][] = [];
    const context = {
      canvas: { width: size, height: size },
      fillRect: (...rect: number[]) => drawn.push(rect),
    } as unknown as CanvasRenderingContext2D;
    const values = new Float32Array(56 * 56);
    values[patch] = 1;
    drawTint(context, positions, { values, rgb: "0,0,0", full: 1 });
    expect(drawn.length).toBe(1);
    const [x, y, width, height] = drawn[0]!;
    const at = (cell: number) => (cell / 56) * size;
    // Within a pixel of where the patch lies.
    expect(Math.abs(x! + width! / 2 - at((patch % 56) + 0.5))).toBeLessThanOrEqual(1);
    expect(Math.abs(y! + height! / 2 - at(Math.floor(patch / 56) + 0.5))).toBeLessThanOrEqual(1);
  }
});

test("cells are each under some pixel, and pixels beyond the cells cover none", () => {
  for (const [cells, pixels] of [
    [5, 3],
    [3, 5],
    [7, 7],
    [1000, 28],
  ] as const) {
    const { first, end } = cellsUnder(0, cells, pixels, cells);
    const seen = new Set<number>();
    for (let i = 0; i < pixels; i++) for (let cell = first[i]!; cell < end[i]!; cell++) seen.add(cell);
    expect(seen.size).toBe(cells);
  }
  const { first, end } = cellsUnder(-2, 4, 6, 2);
  expect([...first].map((from, i) => end[i]! - from)).toEqual([0, 0, 1, 1, 0, 0]);
});
