import { expect, test } from "vitest";
import { decodeRows } from "../src/model/encoding";
import { mapOf, selectFrom } from "../src/model/maps";
import { overviewMaps } from "../src/model/overviewMaps";
import { site, sqrt8 } from "./helpers";

test("a byte a weight is off by less than 4e-3 of its row's maximum", () => {
  const rows = [
    [0.5, 0.3, 0.2],
    [0.01, 0.02, 0.97],
  ];
  const weights = decodeRows(sqrt8(rows), "sqrt8_row", 2, 3);
  rows.flat().forEach((weight, i) => {
    const maximum = Math.max(...rows[Math.floor(i / 3)]!);
    expect(Math.abs(weights[i]! - weight)).toBeLessThan(4e-3 * maximum);
  });
});

test("a row whose maximum is NaN is NaN throughout, and no other", () => {
  const weights = decodeRows(
    sqrt8([
      [NaN, 0.5],
      [0.5, 0.5],
    ]),
    "sqrt8_row",
    2,
    2,
  );
  expect([...weights].map(Number.isNaN)).toEqual([true, true, false, false]);
});

test("signed codes keep the sign", () => {
  const bytes = new Uint8Array(6);
  new DataView(bytes.buffer).setFloat32(0, 2, true);
  bytes.set([127, 256 - 127], 4);
  expect([...decodeRows(bytes, "signed8_row", 1, 2)]).toEqual([2, -2]);
});

test("one head of several is cut out of the array of its site", () => {
  const array = Float32Array.from({ length: 18 }, (_, i) => i);
  const map = mapOf(site(), array, { head: 1, iteration: 0, window: 0 });
  expect([map.rows, map.columns]).toEqual([3, 3]);
  expect([...map.weights]).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
});

test("iterations and windows are chosen before queries and keys", () => {
  const windows = site({}, [
    { role: "heads", size: 2 },
    { role: "iteration", size: 3 },
    { role: "windows", size: 2 },
    { role: "query", size: 1 },
    { role: "key", size: 2 },
  ]);
  const array = Float32Array.from({ length: 24 }, (_, i) => i);
  expect([...mapOf(windows, array, { head: 1, iteration: 2, window: 1 }).weights]).toEqual([22, 23]);
});

test("a gate has one row, also over the rows and columns of a plane", () => {
  const gate = site({ kind: "gate" }, [
    { role: "heads", size: 1 },
    { role: "key", size: 2 },
    { role: "key", size: 3 },
  ]);
  const map = mapOf(gate, Float32Array.of(1, 2, 3, 4, 5, 6), { head: 0, iteration: 0, window: 0 });
  expect([map.rows, map.columns, ...map.weights]).toEqual([1, 6, 1, 2, 3, 4, 5, 6]);
});

test("the overview of a site lies at its offset", () => {
  const part = sqrt8([
    [1, 0],
    [0, 1],
  ]);
  const bytes = new Uint8Array(5 + part.length);
  bytes.set(part, 5);
  const overview = { shape: [2, 1, 2], encoding: "sqrt8_row" as const, offset: 5, bytes: part.length };
  const maps = overviewMaps(site({ overview }), bytes);
  expect(maps.map((map) => [...map.weights])).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

test("rows and columns of padding can be left out", () => {
  const map = { rows: 2, columns: 3, weights: Float32Array.of(1, 2, 3, 4, 5, 6) };
  expect([...selectFrom(map, [1], [0, 2]).weights]).toEqual([4, 6]);
});
