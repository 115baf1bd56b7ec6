import { expect, test } from "vitest";
import { focusShare, measureScale } from "../src/model/headValues";
import {
  describeEpochs,
  describeHead,
  describeHeadAtSlot,
  describeMeasure,
  describeOverview,
  describeRuns,
  describeRunWeights,
  textOf,
  type RunsFacts,
  type StepsFacts,
} from "../src/model/sentences";
import { slotsOf } from "../src/model/timeline";
import { record, series, site } from "./helpers";

const sites = [site({ path: "a/attention" }), site({ path: "b/attention" })];
// Head by head: entropy, largest weight.
const steps = [
  [1, 0.4, 1, 0.4, 1, 0.4, 1, 0.4],
  [1, 0.4, 0.2, 0.9, 1, 0.4, 0.9, 0.95],
];
const measures = {
  array: { shape: [2, 4, 2], data: Float32Array.from(steps.flat()) },
  names: ["entropy", "largest"],
};
const facts = { measures, step: 1, before: 0, stepName: "epoch 2", beforeName: "epoch 1", sites, measure: "entropy" };

test("the most focused head has the lowest entropy, or the largest weight where that is the chosen measure", () => {
  const changed = "; a · head 1 changed most since epoch 1: entropy from 1.00 to 0.200 bits.";
  expect(textOf(describeOverview(facts))).toBe(
    `a · head 1 is the most focused of 4 heads (lowest entropy, 0.200 bits)${changed}`,
  );
  expect(textOf(describeOverview({ ...facts, measure: "largest" }))).toBe(
    `b · head 1 is the most focused of 4 heads (largest weight, 0.950 on average)${changed}`,
  );
});

test("heads that did not change as far as is shown are unchanged", () => {
  const same = { ...measures, array: { ...measures.array, data: Float32Array.from([...steps[1]!, ...steps[1]!]) } };
  expect(textOf(describeOverview({ ...facts, measures: same }))).toBe(
    "a · head 1 is the most focused of 4 heads (lowest entropy, 0.200 bits); since epoch 1 each entropy is unchanged.",
  );
});

test("names of heads and of steps lead there", () => {
  const parts = describeOverview({ ...facts, beforeStep: 0 });
  expect(parts.filter(({ to }) => to).map(({ text, to }) => [text, to])).toEqual([
    ["a · head 1", { kind: "head", site: 0, head: 1 }],
    ["a · head 1", { kind: "head", site: 0, head: 1 }],
    ["epoch 1", { kind: "step", step: 0 }],
  ]);
});

test("gates are gates, and no heads that are focused", () => {
  const gates = ["a/gate", "b/gate"].map((path) =>
    site({ path, kind: "gate" }, [
      { role: "heads", size: 1 },
      { role: "key", size: 8, kind: "channels" },
    ]),
  );
  const largest = {
    array: { shape: [2, 2, 2], data: Float32Array.of(NaN, 0.5, NaN, 0.6, NaN, 0.9, NaN, 0.61) },
    names: ["entropy", "largest"],
  };
  const of = { ...facts, sites: gates, measures: largest };
  expect(textOf(describeOverview(of))).toBe(
    "a has the largest value of 2 gates (0.900); a changed most since epoch 1: largest value from 0.500 to 0.900.",
  );
  expect(textOf(describeHead(of, 0, 0, 0))).toBe("a at epoch 2: its largest value is 0.900 · click opens it");
  expect(textOf(describeMeasure(of, "largest", []))).toBe("No gate has a value for largest value at epoch 2.");
  expect(textOf(describeMeasure(of, "entropy", []))).toBe("No gate has a value for entropy (bits) at epoch 2.");
  const activations = gates.map((gate) => ({ ...gate, kind: "activation" as const }));
  expect(textOf(describeOverview({ ...of, sites: activations }))).toContain("of 2 activations");
});

test("a ranking has two ends, unless there is only one head", () => {
  const ranked = [
    { site: 0, head: 1, value: 0.2 },
    { site: 1, head: 0, value: 1 },
  ];
  expect(textOf(describeMeasure(facts, "entropy", ranked))).toBe(
    "By entropy (bits) at epoch 2, a · head 1 comes first (0.200) and b · head 0 last (1.00) of 2 heads.",
  );
  expect(textOf(describeMeasure(facts, "entropy", ranked.slice(0, 1)))).toBe(
    "a · head 1 at epoch 2: entropy 0.200 bits.",
  );
});

test("heads are coloured by the chosen measure, in the rail as in the film", () => {
  expect(focusShare(measures, 1, sites)[0]![1]).toBeCloseTo(1 - 0.2 / Math.log2(3));
  const by = { name: "largest", scale: measureScale(measures, "largest", sites) };
  const shares = focusShare(measures, 1, sites, by);
  // From 0 to the largest of all steps and heads.
  expect(shares[0]![1]).toBeCloseTo(0.9 / 0.95);
  expect(shares[1]![1]).toBe(1);
});

const slots = slotsOf(series([record(0), record(1)]));
const over: StepsFacts = {
  sites,
  slots,
  measure: "entropy",
  total: 4,
  value: (slot, flat, name) => steps[slot]![2 * flat + (name === "entropy" ? 0 : 1)]!,
  divergedAt: () => 0,
  slotBefore: (slot) => slot - 1,
  changes: [{ head: { site: 0, head: 1 }, flat: 1, slot: 1 }],
};

test("the head that changed most over the steps is named with its course", () => {
  expect(textOf(describeEpochs(over))).toBe(
    "a · head 1 changed most of 4 heads, at epoch 2: entropy from 1.00 to 0.200 bits.",
  );
  expect(textOf(describeEpochs({ ...over, changes: [] }))).toBe("4 heads; changes appear here with more steps.");
  expect(textOf(describeEpochs({ ...over, divergedAt: (slot) => 2 * slot }))).toContain(
    " At epoch 2 the weights of 2 heads are not a number.",
  );
  expect(textOf(describeHeadAtSlot(over, { head: { site: 0, head: 1 }, slot: 1 }))).toBe(
    "a · head 1 at epoch 2: entropy (bits) 0.200, one step before 1.00 · click to open it",
  );
});

test("steps that are batches are called so", () => {
  const batches = slotsOf(series([record(10, { epoch: 0, batch: 10 }), record(20, { epoch: 0, batch: 20 })]));
  expect(textOf(describeEpochs({ ...over, slots: batches }))).toContain(" at batch 20: ");
});

const [a, b] = [
  { run: "a", step: "epoch 3", value: 1.5 },
  { run: "b", step: "epoch 3", value: 2.5 },
];
const inRuns = (values: RunsFacts["values"], changes: Partial<RunsFacts> = {}) =>
  textOf(
    describeRuns({ head: "block_0 · head 0", site: site(), measure: "entropy", values, chosen: 3, of: 9, ...changes }),
  );

test("the sentence of the runs names only those that show the head", () => {
  expect(inRuns([])).toBe("None of the 3 chosen runs shows block_0 · head 0.");
  expect(inRuns([a])).toBe("block_0 · head 0 is visible only in a of the 3 chosen runs.");
  expect(inRuns([b, a])).toBe(
    "block_0 · head 0 is most focused in a (entropy 1.50 bits at epoch 3) and least in b (2.50 at epoch 3), of 2 runs.",
  );
  expect(inRuns([a], { chosen: 1 })).toBe(
    "block_0 · head 0 in a (entropy 1.50 bits at epoch 3), the only chosen run of 9: tick others to compare them.",
  );
});

test("by another measure another run comes first", () => {
  expect(inRuns([a, b], { measure: "largest" })).toContain("is most focused in b (largest weight 2.50 on average");
  expect(inRuns([a, b], { measure: "largest", site: site({ kind: "gate" }) })).toContain("has the largest value in b");
});

test("runs whose weights are not numbers are counted, not left out", () => {
  const bad = { run: "c", step: "epoch 3", value: NaN, measured: true };
  expect(inRuns([a, b, bad])).toContain(", of 2 runs; in 1 run its weights are not a number.");
  expect(inRuns([bad, { ...bad, run: "d" }])).toBe("block_0 · head 0: the weights are not a number in 2 runs.");
  expect(inRuns([bad], { chosen: 1 })).toContain("in c (its weights are not a number), the only chosen run");
  expect(inRuns([a, b, { ...bad, measured: false }])).not.toContain("not a number");
});

test("what each run gives a cell is listed, the largest first, what is no number last", () => {
  const weights = [
    { run: "a", step: "", value: NaN },
    { run: "b", step: "", value: 0.25 },
    { run: "c", step: "", value: 0.5 },
  ];
  expect(textOf(describeRunWeights(site(), "“is”", "“late”", weights))).toBe(
    "“is” looks at “late”: most in c 0.500; b 0.250, a NaN",
  );
});
