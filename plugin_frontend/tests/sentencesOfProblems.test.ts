import { expect, test } from "vitest";
import {
  damagedText,
  exampleCounts,
  exampleText,
  nearerText,
  obstructionText,
  unreachableText,
} from "../src/model/sentences";
import { slotsOf } from "../src/model/timeline";
import { record, series, site } from "./helpers";

test("what stands in the way of a comparison is said, with the run where it is not plain which", () => {
  const said = [
    obstructionText({ why: "no layer", path: "a/self", run: "lr=01" }),
    obstructionText({ why: "no layer", path: "a/self" }),
    obstructionText({ why: "no such sample", run: "lr=01" }),
    obstructionText({ why: "fewer heads", path: "a/self", site: site(), heads: 1 }),
    obstructionText({ why: "fewer heads", path: "a/gate", site: site({ kind: "gate" }), heads: 2 }),
    obstructionText({ why: "other classes", side: "lr=01, epoch 2", classes: 3, own: 10 }),
  ];
  expect(said).toEqual([
    "lr=01 has no layer a/self at that step.",
    "Has no layer a/self at this step.",
    "lr=01 does not track this sample.",
    "Layer a/self has 1 head here.",
    "Layer a/gate has 2 parts here.",
    "lr=01, epoch 2 has 3 classes, this one 10.",
  ]);
});

test("a damaged step is named as everywhere", () => {
  const damaged = [{ file: "step-000000000001.npz", step: 1, reason: "it is cut off" }];
  const [, slot] = slotsOf(series([record(0), record(2)], { damaged }));
  expect(damagedText(slot!)).toBe("epoch 2 (step 1) cannot be read: it is cut off");
  expect(damagedText(slot!, "confusion")).toBe("epoch 2 (step 1) of confusion cannot be read: it is cut off");
});

test("an example says how sure the model was, and why it was kept", () => {
  const example = {
    id: "3f2a",
    text: "dear sir",
    probability: 0.9812,
    loss: 3.96,
    why: "random" as const,
    hasMaps: true,
  };
  expect(exampleText(example)).toBe("#3f2a: dear sir, probability 0.981, loss 3.960, chosen at random");
  expect(exampleText({ ...example, text: null, loss: NaN, why: "tracked", hasMaps: false })).toBe(
    "#3f2a: probability 0.981, tracked; its maps were not kept",
  );
  expect([exampleCounts(3, 2), exampleCounts(0, 2), exampleCounts(0, 0)]).toEqual([
    "3 tracked, 2 kept at this step",
    "2 kept at this step",
    "",
  ]);
});

test("an example is closer to one class or as close to both, in the words of its kind", () => {
  const [shirt, coat] = [
    { name: "shirt", divergence: 0.3456 },
    { name: "coat", divergence: 0.1234 },
  ];
  expect(nearerText(site(), shirt, coat)).toBe(
    "Its attention is closer to that of coat (JS 0.123 bits) than to that of shirt (0.346).",
  );
  expect(nearerText(site({ kind: "activation" }), shirt, coat)).toMatch(/^Its activation is closer/);
  expect(nearerText(site({ kind: "gate" }), shirt, { ...coat, divergence: 0.34561 })).toBe(
    "Its gate is as close to that of shirt as to that of coat (JS 0.346 bits).",
  );
  expect(nearerText(site(), shirt, { ...coat, divergence: NaN })).toBe("");
});

test("a place that cannot be reached is named with why and since when", () => {
  const at = (day: number) => new Date(2026, 10, day, 14, 3, 20);
  const failing = {
    place: "s3://bucket",
    since: at(29).getTime() / 1000,
    reason: "s3://bucket cannot be reached (X).",
  };
  const rest = "the tab goes on with what it has, and asks again.";
  expect(unreachableText(failing, at(29))).toBe(`s3://bucket cannot be reached (X). Since 14:03; ${rest}`);
  expect(unreachableText(failing, at(30))).toBe(`s3://bucket cannot be reached (X). Since 29 Nov, 14:03; ${rest}`);
});
