import { expect, test } from "vitest";
import type { Sample } from "../src/api/wire";
import { worstCell, type Confusion } from "../src/model/confusion";
import { classScores } from "../src/model/confusionScores";
import { focusShare } from "../src/model/headValues";
import { flatHead, moveHead, siteNames } from "../src/model/heads";
import { positionsOf } from "../src/model/positions";
import { rankOf, ranked, weightText } from "../src/model/ranking";
import { NO_FILTER, passes, verdict } from "../src/model/samples";
import {
  describeCell,
  describeGate,
  describeOverview,
  describeRuns,
  describeWeight,
  percentText,
  type Part,
} from "../src/model/sentences";
import { formatHash, parseHash } from "../src/host/link";
import { site } from "./helpers";

const text = (parts: Part[]) => parts.map((part) => part.text).join("");

test("a weight is described with its rank, in multiples of uniform, and as it was a step before", () => {
  const axes = (["query", "key"] as const).map((role) => ({
    role,
    size: 5,
    kind: "grid" as const,
    grid: [2, 2],
    extra: ["CLS"],
  }));
  const of = site({}, [{ role: "heads", size: 1 }, ...axes]);
  const map = { rows: 5, columns: 5, weights: new Float32Array(25).fill(0.2) };
  map.weights.set([0.1, 0.1, 0.42, 0.28, 0.1]);
  const before = { ...map, weights: new Float32Array(25).fill(0.186) };
  const [queries, keys] = [positionsOf(of, "query", null), positionsOf(of, "key", null)];
  const words = { site: of, map, before, beforeName: "epoch 13", queries, keys, eightBit: true };
  expect(text(describeWeight(words, 0, 2))).toBe(
    "CLS looks at row 0, col 1: 0.420, rank 1 of 5, 2.1 times uniform (0.200); epoch 13: 0.186 · stored in 8 bits",
  );
});

test("a gate is described by what is open and closed, an activation without saying so", () => {
  const gate = site({ kind: "gate" }, [
    { role: "heads", size: 1 },
    { role: "key", size: 3, kind: "channels" },
  ]);
  const keys = positionsOf(gate, "key", null);
  const words = {
    site: gate,
    map: { rows: 1, columns: 3, weights: Float32Array.of(0.99, 0.5, 0.01) },
    before: null,
    beforeName: null,
    queries: positionsOf(gate, "query", null),
    keys,
    eightBit: false,
  };
  expect(text(describeGate(words, 1))).toBe(
    "1 of 3 are open (above 0.95), 1 closed (below 0.05); channel 1 lets through 0.500, rank 2 of 3",
  );
  expect(text(describeGate({ ...words, site: { ...gate, kind: "activation" } }, null))).not.toContain("open");
});

test("weights are shown with three digits", () => {
  expect([0.16912, 1, 0, 0.00012, NaN, 123.4].map(weightText)).toEqual(["0.169", "1.00", "0", "1.20e-4", "NaN", "123"]);
});

test("ranks count only the positions that are shown, NaN last", () => {
  const row = Float32Array.of(0.1, NaN, 0.6, 0.3);
  expect(ranked(row, [0, 1, 3]).map((entry) => entry.position)).toEqual([3, 0, 1]);
  expect(rankOf(row, 0, [0, 1, 3])).toBe(2);
});

test("the overview names the most focused head and the one that changed most", () => {
  const sites = [site({ path: "a/attention" }), site({ path: "b/attention" })];
  const steps = [
    [1, 0.4, 1, 0.4, 1, 0.4, 1, 0.4],
    [1, 0.4, 0.2, 0.9, 1, 0.4, 0.9, 0.5],
  ];
  const measures = {
    array: { shape: [2, 4, 2], data: Float32Array.from(steps.flat()) },
    names: ["entropy", "largest"],
  };
  const words = { measures, step: 1, before: 0, stepName: "epoch 2 (step 1)", beforeName: "epoch 1", sites };
  expect(text(describeOverview(words))).toBe(
    "a · head 1 is the most focused of 4 (largest weight 0.900 on average); a · head 1 changed most since epoch 1: entropy 1.00 → 0.200 bits.",
  );
  const same = { ...measures, array: { ...measures.array, data: Float32Array.from([...steps[1]!, ...steps[1]!]) } };
  expect(text(describeOverview({ ...words, measures: same }))).toBe(
    "a · head 1 is the most focused of 4 (largest weight 0.900 on average); since epoch 1 no entropy changed by more than 0 bits.",
  );
  expect(focusShare(measures, 1, sites)[0]![1]).toBeCloseTo(1 - 0.2 / Math.log2(3));
});

test("sites are named by the parts that differ", () => {
  const named = (...paths: string[]) => siteNames(paths.map((path) => site({ path })));
  expect(named("encoder/block_0/attention", "encoder/block_1/attention")).toEqual(["block_0", "block_1"]);
  expect(named("block_0_attention", "block_1_attention")).toEqual(["block_0", "block_1"]);
  expect(named("encoder/a/self", "decoder/a/cross")).toEqual(["encoder/a/self", "decoder/a/cross"]);
  expect(named("encoder/attention")).toEqual(["attention"]);
  expect(named("attention", "attention#2")).toEqual(["attention", "attention#2"]);
});

test("moving among heads stays inside the model", () => {
  const sites = [
    site(),
    site({}, [
      { role: "heads", size: 1 },
      { role: "key", size: 2 },
    ]),
  ];
  expect(moveHead(sites, { site: 0, head: 1 }, 1, 0)).toEqual({ site: 1, head: 0 });
  expect(moveHead(sites, { site: 0, head: 0 }, -1, -1)).toEqual({ site: 0, head: 0 });
  expect(flatHead(sites, { site: 1, head: 0 })).toBe(2);
});

const matrix: Confusion = { classes: 3, counts: Float64Array.of(5, 0, 0, 7, 150, 18, 0, 1, 0), weighted: false };
const name = (index: number) => ["zero", "one", "eight"][index]!;

test("a cell is described in counts and in the share of its class", () => {
  expect(text(describeCell(matrix, { truth: 1, predicted: 0 }, name))).toBe(
    "7 of class one (true) were predicted as zero: 4 % of them",
  );
  expect(text(describeCell(matrix, { truth: 2, predicted: 1 }, name))).toContain(
    "1 of class eight (true) was predicted as one",
  );
});

test("what is confused most is off the diagonal", () => {
  expect(worstCell(matrix)).toEqual({ truth: 1, predicted: 2 });
  expect(worstCell({ ...matrix, counts: Float64Array.of(5, 0, 0, 0, 1, 0, 0, 0, 2) })).toBeNull();
});

test("recall is of a row, precision of a column", () => {
  const [zero, one, eight] = classScores(matrix);
  expect(zero!.recall).toBe(1);
  expect(zero!.precision).toBeCloseTo(5 / 12);
  expect(one!.recall).toBeCloseTo(150 / 175);
  expect(eight!.recall).toBe(0);
  expect(percentText(0.0412)).toBe("4.1 %");
  expect(percentText(NaN)).toBe("–");
});

const sample: Sample = { id: "9f86", label: { class: 3, name: "three" }, inputs: [] };

test("a sample is right, wrong, or cannot be judged", () => {
  expect(verdict(sample, { class: 3, probability: 1 })).toBe(true);
  expect(verdict(sample, { class: 8, probability: 1 })).toBe(false);
  expect(verdict(sample, null)).toBeNull();
  expect(verdict({ ...sample, label: { value: 2.5 } }, { class: 3, probability: 1 })).toBeNull();
});

test("samples are found by label, prediction and cell", () => {
  const eight = { class: 8, probability: 0.9 };
  const names = [..."012345678"];
  expect(passes({ ...NO_FILTER, text: "THREE" }, sample, eight, names)).toBe(true);
  expect(passes({ ...NO_FILTER, text: "four" }, sample, eight, names)).toBe(false);
  expect(passes({ ...NO_FILTER, verdict: "right" }, sample, eight, names)).toBe(false);
  expect(passes({ ...NO_FILTER, label: 3, prediction: 8 }, sample, eight, names)).toBe(true);
  expect(passes({ ...NO_FILTER, label: 8, prediction: 3 }, sample, eight, names)).toBe(false);
});

test("the address keeps what belongs to others, and any text survives it", () => {
  const state = { run: "a b/c&d=e%", sample: "عربي" };
  const hash = formatHash("#scalars&p.attention.run=old&runSelectionState=x", state);
  expect(hash.startsWith("#scalars&runSelectionState=x&")).toBe(true);
  expect(parseHash(hash)).toEqual(state);
  expect(formatHash("", {})).toBe("#attention");
  expect(parseHash("#attention&p.attention.run=100%")).toEqual({});
});

test("the sentence of the runs names only those that show the head", () => {
  const [a, b] = [
    { run: "a", step: "epoch 3", value: 1.5 },
    { run: "b", step: "epoch 3", value: 2.5 },
  ];
  expect(text(describeRuns("block_0 · head 0", [], 3, 9))).toBe("None of the 3 chosen runs shows block_0 · head 0.");
  expect(text(describeRuns("block_0 · head 0", [a], 3, 9))).toBe(
    "block_0 · head 0 is visible only in a of the 3 chosen runs.",
  );
  expect(text(describeRuns("block_0 · head 0", [b, a], 3, 9))).toBe(
    "block_0 · head 0 is most focused in a (entropy 1.50 bits at epoch 3) and least in b (2.50 at epoch 3), of 2 runs.",
  );
});
