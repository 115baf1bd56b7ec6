import { expect, test } from "vitest";
import { headDivergence, measuresOf } from "../src/model/difference";
import { positionsOf } from "../src/model/positions";
import {
  changeBetween,
  describeCompare,
  distanceText,
  obstructionText,
  describeGate,
  describeKey,
  describeSample,
  describeWeight,
  textOf,
  type DifferenceFacts,
  type SampleFacts,
} from "../src/model/sentences";
import type { Kind } from "../src/api/wire";
import { site } from "./helpers";

const axes = (["query", "key"] as const).map((role) => ({
  role,
  size: 5,
  kind: "grid" as const,
  grid: [2, 2],
  extra: ["CLS"],
}));
const grid = site({}, [{ role: "heads", size: 1 }, ...axes]);
const [queries, keys] = [positionsOf(grid, "query", null), positionsOf(grid, "key", null)];
const map = { rows: 5, columns: 5, weights: new Float32Array(25).fill(0.2) };
map.weights.set([0.1, 0.1, 0.42, 0.28, 0.1]);
const before = { ...map, weights: new Float32Array(25).fill(0.186) };
const facts = { site: grid, map, before, beforeName: "epoch 13", queries, keys, eightBit: true };

test("a weight is described with its rank, in multiples of uniform, and as it was a step before", () => {
  expect(textOf(describeWeight(facts, 0, 2))).toBe(
    "CLS looks at row 0, col 1: 0.420, rank 1 of 5, 2.1 times uniform (0.200); epoch 13: 0.186 · stored in 8 bits",
  );
});

test("a key is described by who looks at it most", () => {
  expect(textOf(describeKey({ ...facts, eightBit: false, before: null }, 2))).toBe(
    "row 0, col 1 is looked at most by CLS: 0.420; by all queries 0.244 on average, 1.2 times uniform",
  );
});

test("a router sends, and does not look", () => {
  const router = { ...facts, site: { ...grid, kind: "router" as Kind }, eightBit: false, before: null };
  expect(textOf(describeWeight(router, 0, 2))).toMatch(/^CLS is sent to row 0, col 1: 0.420/);
});

const channels = site({ kind: "gate" }, [
  { role: "heads", size: 1 },
  { role: "key", size: 3, kind: "channels" },
]);
const gate = {
  site: channels,
  map: { rows: 1, columns: 3, weights: Float32Array.of(0.99, 0.5, 0.01) },
  before: null,
  beforeName: null,
  queries: positionsOf(channels, "query", null),
  keys: positionsOf(channels, "key", null),
  eightBit: false,
};

test("a gate is described by what is open and closed, an activation without saying so", () => {
  expect(textOf(describeGate(gate, 1))).toBe(
    "1 of 3 are open (above 0.95), 1 closed (below 0.05); of channel 1 it lets through 0.500, rank 2 of 3",
  );
  const activation = { ...gate, site: { ...channels, kind: "activation" as const } };
  expect(textOf(describeGate(activation, null))).toBe(
    "1 of 3 are above 0.95, 1 below 0.05; its value at channel 0 is 0.990, rank 1 of 3",
  );
});

test("values of a gate that are not numbers are neither open nor closed", () => {
  const some = { ...gate, map: { ...gate.map, weights: Float32Array.of(0.99, NaN, 0.01) } };
  expect(textOf(describeGate(some, 1))).toBe(
    "1 of 3 are open (above 0.95), 1 closed (below 0.05), 1 not a number; channel 1 is not a number",
  );
  const none = { ...gate, map: { ...gate.map, weights: new Float32Array(3).fill(NaN) } };
  expect(textOf(describeGate(none, null))).toBe("All 3 values are not a number.");
});

const line: SampleFacts = {
  site: site({ kind: "self" }),
  options: { heads: "mean", layers: "one", hide: "no" },
  layers: 1,
  entries: [
    { positions: [1], weight: 0.6, name: "“late”" },
    { positions: [0], weight: 0.01, name: "“is”" },
  ],
  pointed: null,
  uniform: 0.25,
  gate: false,
  average: false,
  queries: 4,
  query: "“invoice”",
  before: Float32Array.of(0.1, 0.5),
  beforeName: "epoch 1",
};

test("a line over a sample says what its query looks at, its average what all do", () => {
  expect(textOf(describeSample(line))).toBe(
    "“invoice” looks at “late”: 0.600, rank 1 of 2, 2.4 times uniform (0.250); epoch 1: 0.500 · mean of 2 heads",
  );
  expect(textOf(describeSample({ ...line, average: true, pointed: 0 }))).toBe(
    "All 4 queries look on average at “is”: 0.0100, rank 2 of 2, 0.04 times uniform (0.250); epoch 1: 0.100 · mean of 2 heads",
  );
});

test("an activation over a sample has values, and looks at nothing", () => {
  const activation = { ...line, site: site({ kind: "activation" }), gate: true, before: null };
  expect(textOf(describeSample({ ...activation, options: { ...line.options, heads: "one" } }))).toBe(
    "“late”: 0.600, rank 1 of 2, of the values",
  );
});

const two = (weights: number[]) => ({ rows: 1, columns: 2, weights: Float32Array.from(weights) });
function compared(from: number[], to: number[], changes: Partial<DifferenceFacts> = {}): DifferenceFacts {
  const [a, b] = [two(from), two(to)];
  const axis = site({}, [{ role: "key", size: 2 }]);
  const change = { ...b, weights: b.weights.map((weight, i) => weight - a.weights[i]!) };
  return {
    ...{ site: site(), a, b, change, gate: false, pointed: null, problem: null, same: false },
    largest: { query: 0, key: 1, by: change.weights[1]! },
    ...{ queries: positionsOf(axis, "key", null), keys: positionsOf(axis, "key", null) },
    ...{ by: "steps", aName: "epoch 1", bName: "epoch 3", measure: "entropy", divergence: 0.1 },
    measures: measuresOf(a, b, [0], [0, 1]),
    ...changes,
  };
}

test("two maps are compared by the chosen measure, in words and not with arrows", () => {
  const facts = compared([0.5, 0.5], [0, 1]);
  expect(textOf(describeCompare(facts))).toBe(
    "From epoch 1 to epoch 3 this head became more focused (entropy from 1.00 to 0 bits; divergence 0.100 bits); " +
      "the largest change: position 0 looks at position 1: +0.500.",
  );
  expect(textOf(describeCompare({ ...facts, measure: "largest" }))).toContain(
    "became more focused (largest weight from 0.500 to 1.00; divergence",
  );
});

test("of a gate the channel that changed most is named, and nothing is said of focus", () => {
  const gate = compared([0.5, 0.5], [0.5, 0.9], { site: channels, gate: true, measures: [], divergence: NaN });
  expect(textOf(describeCompare(gate))).toBe("From epoch 1 to epoch 3 the largest change is of position 1: +0.400.");
});

test("a comparison of a step with itself says that there is nothing to compare", () => {
  expect(textOf(describeCompare(compared([0.5, 0.5], [0.5, 0.5], { same: true, bName: "epoch 14" })))).toBe(
    "A and B are the same map, of epoch 14: choose another step or run for A.",
  );
});

test("of runs, heads and samples none became the other", () => {
  const facts = compared([0.5, 0.5], [0, 1], { by: "heads", aName: "block · head 0", bName: "block · head 1" });
  expect(textOf(describeCompare(facts))).toBe(
    "B, block · head 1, is more focused than A, block · head 0 (entropy from 1.00 to 0 bits; divergence 0.100 bits); " +
      "the largest difference: position 0 looks at position 1: +0.500.",
  );
  expect(textOf(describeCompare({ ...facts, same: true }))).toContain("choose another head for A.");
  const diverged = compared([0.5, 0.5], [NaN, NaN], { by: "samples", aName: "#a", bName: "#b", largest: null });
  expect(textOf(describeCompare(diverged))).toContain("B, #b, against A, #a: the entropy of this head is not a number");
});

test("two samples of different words are not compared, and a distance says what it is", () => {
  expect(obstructionText({ why: "other samples", obstacle: "other words" })).toBe(
    "The two samples have different words, so a position is another word in each.",
  );
  expect(distanceText("block · head 1", 0.25)).toBe("block · head 1: 0.250 bits apart");
  expect([distanceText("x", null), distanceText("x", NaN)]).toEqual([
    "x: no divergence",
    "x: the divergence is not a number",
  ]);
});

test("two heads are as far apart as their rows are on average, padding left out", () => {
  const small = (weights: number[]) => ({ rows: 3, columns: 2, weights: Float32Array.from(weights) });
  const a = small([1, 0, 0.5, 0.5, 0, 0]);
  expect(headDivergence(a, a)).toBe(0);
  // The first rows share nothing: 1 bit; the second are equal; the third are padding.
  expect(headDivergence(a, small([0, 1, 0.5, 0.5, 0, 0]))).toBeCloseTo(0.5, 6);
  expect(headDivergence(a, small([NaN, NaN, 0.5, 0.5, 0, 0]))).toBeNaN();
  expect(headDivergence(undefined, a)).toBeNull();
  expect(headDivergence(two([1, 0]), a)).toBeNull();
});

test("changes below what is shown are none", () => {
  expect(textOf(describeCompare(compared([0.5, 0.5], [0.50001, 0.49999])))).toBe(
    "From epoch 1 to epoch 3 this head stayed as focused (entropy 1.00 bits, unchanged; divergence 0.100 bits); no weight changed.",
  );
  expect([changeBetween(0.1691, 0.16912), changeBetween(0.2, 0.1), changeBetween(NaN, 1)]).toEqual([
    "unchanged",
    "−0.100",
    "NaN",
  ]);
});
