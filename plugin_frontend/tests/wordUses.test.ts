import { expect, test } from "vitest";
import type { Sample } from "../src/api/wire";
import { worstCell, type Confusion } from "../src/model/confusion";
import { classScores } from "../src/model/confusionScores";
import { flatHead, moveHead, siteNames } from "../src/model/heads";
import { rankOf, ranked, weightText } from "../src/model/ranking";
import { NO_FILTER, passes, verdict } from "../src/model/samples";
import { percentText } from "../src/model/sentences";
import { formatHash, parseHash } from "../src/host/link";
import { site } from "./helpers";

test("weights are shown with three digits", () => {
  expect([0.16912, 1, 0, 0.00012, NaN, 123.4].map(weightText)).toEqual(["0.169", "1.00", "0", "1.20e-4", "NaN", "123"]);
});

test("ranks count only the positions that are shown, NaN last", () => {
  const row = Float32Array.of(0.1, NaN, 0.6, 0.3);
  expect(ranked(row, [0, 1, 3]).map((entry) => entry.position)).toEqual([3, 0, 1]);
  expect(rankOf(row, 0, [0, 1, 3])).toBe(2);
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
