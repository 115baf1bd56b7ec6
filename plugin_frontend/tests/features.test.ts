import { expect, test } from "vitest";
import type { Site } from "../src/api/wire";
import { cellPositions, featureMaps, liesInPicture, meanOf, rangeOf } from "../src/model/features";
import { site } from "./helpers";

const gate = (shape: number[] | null): Site =>
  site({ path: "gate", kind: "gate", features: shape && { shape, encoding: "float32" } }, [
    { role: "heads", size: 1 },
    { role: "key", size: 2, kind: "channels" },
  ]);
const stored = Float32Array.from([0, 1, 2, 3, 4, 5, -7, 7, NaN, 8, 9, 10]);

test("each channel has its own map, and all share one scale", () => {
  const maps = featureMaps(gate([2, 2, 3]), stored)!;
  expect(maps.channels.map(({ rows, columns }) => [rows, columns])).toEqual([
    [2, 3],
    [2, 3],
  ]);
  expect([...maps.channels[0]!.weights]).toEqual([0, 1, 2, 3, 4, 5]);
  expect([maps.largest, maps.signed]).toEqual([10, true]);
  expect(meanOf(maps.channels[0]!)).toBe(2.5);
  expect(rangeOf(maps.channels[1]!)).toEqual({ least: -7, largest: 10 });
});

test("a site without a feature map has none", () => {
  expect(featureMaps(gate(null), stored)).toBeNull();
});

test("a map is laid over a picture of its proportions only, and only a coarser one", () => {
  const map = featureMaps(gate([2, 2, 3]), stored)!.channels[0]!;
  expect(liesInPicture(map, { width: 30, height: 20 })).toBe(true);
  expect(liesInPicture(map, { width: 20, height: 30 })).toBe(false);
  expect(liesInPicture(map, { width: 2, height: 1 })).toBe(false);
  expect(cellPositions(map).name(4)).toBe("row 1, col 1");
});
