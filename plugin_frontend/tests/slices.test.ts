import { expect, test } from "vitest";
import type { Axis, SampleInput } from "../src/api/wire";
import { frameOf } from "../src/model/madePicture";
import { cellOf, positionsOf } from "../src/model/positions";
import { frameOfSlice, sliceCount, sliced } from "../src/model/slices";
import { tintedCells } from "../src/draw/patches";
import { site } from "./helpers";

const key: Axis = { role: "key", size: 13, kind: "grid", grid: [3, 2, 2], extra: ["CLS"], input: 0 };
const video: SampleInput = { name: "video", kind: "values", shape: [7, 8, 8, 1], frames: [7, 8, 8, 1] };
const solid = site({}, [key]);

test("a slice has the cells of one plane, and the tint goes by all", () => {
  const shown = sliced(positionsOf(solid, "key", null), 1);
  expect(shown.grid).toEqual([2, 2]);
  expect(Array.from({ length: 13 }, (_, position) => position).filter((position) => cellOf(shown, position))).toEqual([
    5, 6, 7, 8,
  ]);
  expect(cellOf(shown, 7)).toEqual({ row: 1, column: 0 });
  expect(shown.slices).toEqual([-1, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  expect([shown.name(0), shown.name(7), shown.label(7)]).toEqual(["CLS", "slice 1, row 1, col 0", "1 · 1 · 0"]);
  expect(tintedCells(shown)).toHaveLength(13);
});

test("what has two dimensions is no slice", () => {
  const plane = positionsOf(site({}, [{ role: "key", size: 4, kind: "grid", grid: [2, 2] }]), "key", null);
  expect(sliced(plane, 1)).toBe(plane);
});

test("a slice is shown with the frame in its middle", () => {
  expect([0, 1, 2].map((slice) => frameOfSlice(solid, video, slice, 0))).toEqual([1, 3, 5]);
  const pixels = [{ axis: 1, of: 7, offset: 0, size: 2, stride: 2 }, key, key].map(
    (part, i) => (i ? { axis: i + 1, of: 8, offset: 0, size: 4, stride: 4 } : part) as never,
  );
  const cut = site({}, [{ ...key, pixels }]);
  expect([0, 1, 2].map((slice) => frameOfSlice(cut, video, slice, 0))).toEqual([1, 3, 5]);
});

test("the slider goes through slices, or frames, unless iterations do", () => {
  const flat = site({}, [{ role: "key", size: 4 }]);
  const iterated = site({}, [
    { role: "iteration", size: 7 },
    { role: "key", size: 4 },
  ]);
  expect([solid, flat, iterated].map((of) => sliceCount(of, video))).toEqual([3, 7, 1]);
  expect(sliceCount(flat, null)).toBe(1);
  expect(frameOfSlice(flat, video, 4, 0)).toBe(4);
  expect(frameOfSlice(iterated, video, 0, 6)).toBe(6);
});

test("a frame is its part of the picture", () => {
  const picture = { shape: [3, 1, 2, 1], data: new Uint8Array([0, 1, 2, 3, 4, 5]) } as never;
  expect([...frameOf(picture, 1)!.data]).toEqual([2, 3]);
});
