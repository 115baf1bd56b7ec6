import { expect, test } from "vitest";
import type { Axis } from "../src/api/wire";
import { kindColor } from "../src/color/headKinds";
import {
  HEAD_KINDS,
  kindByMeasures,
  kindOf,
  KindsOfHeads,
  uniformAttention,
  type HeadMeasures,
} from "../src/model/headKinds";
import { hasBlocks, isCausal } from "../src/model/mapPatterns";
import { selectFrom, type AttentionMap } from "../src/model/maps";
import { cellsShown, overviewMaps } from "../src/model/overviewMaps";
import { plainPositions } from "../src/model/positions";
import { kindMeaning } from "../src/model/sentences";
import { site, sqrt8 } from "./helpers";

/** A map of so many positions from the weight of each pair; rows are made to sum to 1. */
function mapOf(size: number, weight: (query: number, key: number) => number): AttentionMap {
  const weights = new Float32Array(size * size);
  for (let query = 0; query < size; query++) {
    const row = Array.from({ length: size }, (_, key) => weight(query, key));
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((value, key) => (weights[query * size + key] = value / sum));
  }
  return { rows: size, columns: size, weights };
}

/** Measures of attention that is uniform, but for what is said. */
const head = (changes: Partial<HeadMeasures>): HeadMeasures => ({
  ...{ entropy: 4, largest: 0.2, distance: 10, first: 0.02, self: 0.02, previous: 0.02 },
  ...changes,
});
const kindOfMap = (map: AttentionMap, of: Partial<HeadMeasures>) => {
  const causal = isCausal([map]);
  const uniform = uniformAttention(map.rows, [map.rows], causal);
  return kindOf({ head: head(of), uniform, extra: 0, causal, map });
};

test("uniform attention over 8 keys has 3 bits, an eighth on each key and a mean distance of 2.625", () => {
  expect(uniformAttention(8, [8], false)).toEqual({
    keys: 8,
    bits: 3,
    first: 0.125,
    self: 0.125,
    previous: 0.125,
    distance: expect.closeTo(2.625, 6),
  });
});

test("under a causal mask early queries have fewer keys: 34 % of uniform attention over 8 keys is on the first", () => {
  const uniform = uniformAttention(8, [8], true);
  // 1 + 1/2 + ... + 1/8 = 2.717857; the logarithms of 8! = 40320 are 15.2992 bits.
  expect(uniform.first).toBeCloseTo(2.717857 / 8, 6);
  expect(uniform.previous).toBeCloseTo(1.717857 / 7, 6);
  expect(uniform.bits).toBeCloseTo(15.299208 / 8, 6);
  // Query i is i / 2 away from what it sees: (0 + 0.5 + ... + 3.5) / 8.
  expect(uniform.distance).toBeCloseTo(1.75, 6);
});

test("the mean distance in a grid of 2 x 2 cells is that of its 16 pairs", () => {
  expect(uniformAttention(4, [2, 2], false).distance).toBeCloseTo((8 * 1 + 4 * Math.SQRT2) / 16, 6);
});

test("a share names a kind from half of what uniform attention leaves: 51 % of 50 keys", () => {
  const uniform = uniformAttention(50, [50], false);
  for (const [measure, kind] of [
    ["previous", "previous"],
    ["first", "first"],
    ["self", "diagonal"],
  ] as const) {
    expect(kindByMeasures(head({ entropy: 3, [measure]: 0.511 }), uniform, 0)).toBe(kind);
    expect(kindByMeasures(head({ entropy: 3, [measure]: 0.509 }), uniform, 0)).toBe("mixed");
  }
});

test("uniform attention under a causal mask is broad, not on the first token", () => {
  const uniform = uniformAttention(8, [8], true);
  const even = head({ ...uniform, entropy: uniform.bits, largest: 0.34 });
  expect(kindByMeasures(even, uniform, 0)).toBe("broad");
  // Two thirds are what the early queries cannot explain.
  expect(kindByMeasures({ ...even, first: 0.66 }, uniform, 0)).toBe("broad");
  expect(kindByMeasures({ ...even, first: 0.68 }, uniform, 0)).toBe("first");
});

test("broad is within three quarters of a bit of uniform, few keys are 40 % of its bits or one large weight", () => {
  const uniform = uniformAttention(50, [50], false);
  const kind = (of: Partial<HeadMeasures>) => kindByMeasures(head(of), uniform, 0);
  expect(Math.log2(50)).toBeCloseTo(5.644, 3);
  expect([4.9, 4.89, 2.26, 2.25].map((entropy) => kind({ entropy }))).toEqual(["broad", "mixed", "mixed", "few"]);
  expect(kind({ entropy: 2.6, largest: 0.52 })).toBe("few");
});

test("near is a fifth of the uniform distance, and says nothing where most attention goes to CLS or registers", () => {
  const uniform = uniformAttention(50, [7, 7], false);
  const near = head({ entropy: 3, distance: 0.19 * uniform.distance });
  expect(kindByMeasures(near, uniform, 0)).toBe("diagonal");
  expect(kindByMeasures({ ...near, distance: 0.21 * uniform.distance }, uniform, 0)).toBe("mixed");
  expect([0.29, 0.31].map((first) => kindByMeasures({ ...near, first }, uniform, 1))).toEqual(["diagonal", "mixed"]);
  expect(kindByMeasures(near, uniform, 4)).toBe("mixed");
});

test("with fewer than 8 keys, and where nothing is a number, there is no kind", () => {
  expect(kindByMeasures(head({ previous: 1 }), uniformAttention(7, [7], false), 0)).toBeNull();
  const nothing = head({ entropy: NaN, previous: NaN, first: NaN, self: NaN, distance: NaN });
  expect(kindByMeasures(nothing, uniformAttention(50, [50], false), 0)).toBeNull();
});

test("few keys that are the same for all queries are one key, others are by content", () => {
  const focused = { entropy: 1, largest: 0.9 };
  const peak = (of: (query: number) => number) => mapOf(32, (query, key) => (key === of(query) ? 0.9 : 0.1 / 31));
  expect(
    kindOfMap(
      peak(() => 20),
      focused,
    ),
  ).toBe("key");
  // 13 and 32 have no common divisor: every query has a key of its own, at ever other distances.
  expect(
    kindOfMap(
      peak((query) => (query * 13) % 32),
      focused,
    ),
  ).toBe("content");
  expect(
    kindOfMap(
      peak((query) => Math.min(31, query + 1)),
      focused,
    ),
  ).toBe("diagonal");
  // Always 10 further on, and two keys by turns: neither is by content.
  expect(
    kindOfMap(
      peak((query) => (query + 10) % 32),
      focused,
    ),
  ).toBe("mixed");
  expect(
    kindOfMap(
      peak((query) => (query % 2 ? 12 : 25)),
      focused,
    ),
  ).toBe("mixed");
});

test("blocks are segments that no query looks out of; a band along the diagonal has none", () => {
  const segments = mapOf(32, (query, key) => (query < 12 === key < 12 ? 1 : 0.001));
  expect(kindOfMap(segments, { entropy: 4.2 })).toBe("block");
  expect(hasBlocks(segments, false)).toBe(true);
  const band = mapOf(32, (query, key) => (Math.abs(query - key) < 6 ? 1 : 0.001));
  expect(hasBlocks(band, false)).toBe(false);
  expect(
    hasBlocks(
      mapOf(32, () => 1),
      false,
    ),
  ).toBe(false);
  // Under a causal mask no query of the first segment sees the second; that alone is no block.
  const causal = mapOf(32, (query, key) => (key <= query ? 1 : 0));
  expect(hasBlocks(causal, true)).toBe(false);
  const packed = mapOf(32, (query, key) => (key <= query && query < 12 === key < 12 ? 1 : 0));
  expect(hasBlocks(packed, true)).toBe(true);
});

test("a map is causal if no query looks behind itself, in all heads of its site", () => {
  const causal = mapOf(8, (query, key) => (key <= query ? 1 : 0));
  expect(isCausal([causal, causal])).toBe(true);
  expect(isCausal([causal, mapOf(8, () => 1)])).toBe(false);
  expect(isCausal([])).toBe(false);
});

test("rows and columns of padding are not looked at, in pooled maps neither", () => {
  const map = { rows: 4, columns: 4, weights: Float32Array.from({ length: 16 }, (_, i) => i) };
  const cells = cellsShown({ ...plainPositions(8, String), shown: [0, 1, 2, 3, 4] }, 4);
  const shown = selectFrom(map, cells, cells);
  // Cells of two positions: the fifth lies in the third.
  expect([shown.rows, shown.columns, shown.weights[2 * 3 + 2]]).toEqual([3, 3, 10]);
});

test("a head has the kind of all words of a padded sample", () => {
  // 20 words of 64 tokens are 10 of 32 cells; all queries look at one of the last words.
  const tokens = Array.from({ length: 64 }, (_, i) => (i < 20 ? `w${i}` : "[PAD]"));
  const mask = tokens.map((_, i) => Number(i < 20));
  const sample = { id: "a", index: 0, label: null, inputs: [{ name: "text", kind: "tokens" as const, tokens, mask }] };
  const along = { size: 64, kind: "tokens" as const, input: 0 };
  const axes: Axis[] = [
    { role: "heads", size: 1 },
    { role: "query", ...along },
    { role: "key", ...along },
  ];
  const stored = sqrt8(Array.from({ length: 32 }, () => Array.from({ length: 32 }, (_, key) => (key === 8 ? 0.9 : 0))));
  const overview = { shape: [1, 32, 32], encoding: "sqrt8_row" as const, offset: 0, bytes: stored.length };
  const of = site({ overview }, axes);
  const measures = {
    array: { shape: [1, 1, 6], data: Float32Array.of(1, 0.9, 8, 0.01, 0.05, 0.05) },
    names: ["entropy", "largest", "distance", "first", "self", "previous"],
  };
  expect(new KindsOfHeads([of], sample, [overviewMaps(of, stored, sample)], measures, 0).all()).toEqual([["key"]]);
});

test("gates, activations and routers have no kinds, and heads that diverged have none", () => {
  const axes: Axis[] = (["heads", "query", "key"] as const).map((role) => ({ role, size: role === "heads" ? 2 : 8 }));
  const even = mapOf(8, () => 1);
  const values = [3, 0.125, 2.625, 0.125, 0.125, 0.125];
  const measures = {
    array: { shape: [1, 2, 6], data: Float32Array.from([...values, ...values.map(() => NaN)]) },
    names: ["entropy", "largest", "distance", "first", "self", "previous"],
  };
  const kinds = (kind: "self" | "gate" | "activation" | "router") =>
    new KindsOfHeads([site({ kind }, axes)], null, [[even, even]], measures, 0).all();
  expect(kinds("self")).toEqual([["broad", null]]);
  for (const kind of ["gate", "activation", "router"] as const) expect(kinds(kind)).toEqual([[null, null]]);
});

test("every kind but mixed has a colour of its own in both themes, and a meaning", () => {
  for (const dark of [false, true]) {
    const colors = HEAD_KINDS.map((kind) => kindColor(kind, dark));
    expect(colors.filter((color) => color === null)).toHaveLength(1);
    expect(new Set(colors).size).toBe(HEAD_KINDS.length);
  }
  expect(kindColor("few", false)).toBe(kindColor("content", false));
  for (const kind of HEAD_KINDS) expect(kindMeaning(kind)).toMatch(/^[a-z ]+: .{10}/);
});
