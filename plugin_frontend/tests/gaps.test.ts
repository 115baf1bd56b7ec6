import { expect, test } from "vitest";
import type { Status } from "../src/api/wire";
import { gapsOf, type Gap } from "../src/model/gaps";
import { slotsOf } from "../src/model/timeline";
import { record, series } from "./helpers";

function gaps(steps: (number | "init")[], status: Partial<Status> | null = null): Gap[] {
  const answer = series(
    steps.map((step) => record(step)),
    { status: status && { state: "finished", ...status } },
  );
  return gapsOf(slotsOf(answer), answer, null);
}

/** Steps that count batches. */
function byBatch(steps: number[], status: Partial<Status> | null = null): Gap[] {
  const answer = series(
    steps.map((step) => record(step, { epoch: 0 })),
    { status: status && { state: "finished", ...status } },
  );
  return gapsOf(slotsOf(answer), answer, null);
}

test("epochs without a step are a gap, in front of the next that has one", () => {
  expect(gaps(["init", 0, 1, 4, 5])).toEqual([{ before: 3, kind: "unlogged", text: "Epochs 3 to 4 were not logged." }]);
  expect(gaps([0, 1, 3, 4])).toEqual([{ before: 2, kind: "unlogged", text: "Epoch 3 was not logged." }]);
});

test("a step every ten epochs leaves no gap, but one left out does", () => {
  expect(gaps([0, 10, 20, 30])).toEqual([]);
  expect(gaps([0, 10, 20, 40, 50])).toEqual([
    { before: 3, kind: "unlogged", text: "Epochs 22 to 40 were not logged." },
  ]);
  expect(byBatch([3, 6, 9, 12, 14])).toEqual([]);
  expect(byBatch([3, 6, 9, 18])).toEqual([
    { before: 3, kind: "unlogged", text: "No step between 9 and 18 was logged." },
  ]);
});

test("a training that goes on from epoch 11 has not logged the first ten", () => {
  expect(gaps([10, 11, 12])).toEqual([{ before: 0, kind: "unlogged", text: "Epochs 1 to 10 were not logged." }]);
  expect(gaps(["init", 0, 1])).toEqual([]);
  expect(byBatch([100, 200])).toEqual([]);
});

test("dropped steps are there with their reason, behind the last step too", () => {
  const dropped = [
    { step: 2, reason: "The disk is full." },
    { step: 3, reason: "The disk is full." },
    { step: 6, reason: "The queue was full." },
  ];
  expect(gaps([0, 1, 4, 5], { dropped })).toEqual([
    { before: 2, kind: "dropped", text: "Epoch 3 and 1 more could not be written: The disk is full." },
    { before: 4, kind: "dropped", text: "Epoch 7 could not be written: The queue was full." },
  ]);
});

test("a step that was written after all is not dropped", () => {
  expect(gaps([0, 1, 2], { dropped: [{ step: 1, reason: "The disk is full." }] })).toEqual([]);
});

test("steps that were removed for the budget say so", () => {
  const thinned = { steps: 2, max_bytes: 2_000_000_000 };
  expect(gaps([0, 1, 4, 5], { thinned })[0]?.text).toBe("Epochs 3 to 4 were removed to keep the log below 2 GB.");
  expect(byBatch([3, 6, 12], { thinned })[0]).toMatchObject({
    kind: "thinned",
    text: "Steps between 6 and 12 were removed to keep the log below 2 GB.",
  });
});

test("a status that somebody else wrote does no harm", () => {
  const odd = { dropped: "everything", thinned: { steps: "x" } } as unknown as Partial<Status>;
  expect(gaps([0, 1, 3], odd)[0]?.text).toBe("Epoch 3 was removed to keep the log below its bound.");
});
