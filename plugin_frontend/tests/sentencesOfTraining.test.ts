import { expect, test } from "vitest";
import type { Status } from "../src/api/wire";
import { runningText, trainingText } from "../src/model/sentences";
import { slotsOf } from "../src/model/timeline";
import { record, series } from "./helpers";

const slots = slotsOf(series([record("init"), record(0), record(1)]));
const running: Status = { state: "running", epochs: 20, epoch: 7, fraction: 0.634 };

test("a training that knows its epochs says which and how far", () => {
  expect(trainingText(running, slots)).toBe("● training: epoch 8 of 20, 63 %");
  expect(runningText(running)).toBe("63 %");
  expect(trainingText({ ...running, fraction: null }, slots)).toBe("● training: epoch 8 of 20");
  expect(trainingText({ ...running, state: "stopped" }, slots)).toBe("stopped in epoch 8 of 20");
});

test("a writer that cannot know how far it is says what came last, and no 0 %", () => {
  const writer: Status = { state: "running", epochs: null, epoch: 1, fraction: null };
  expect(trainingText(writer, slots)).toBe("● training; newest: epoch 2");
  expect(runningText(writer)).toBe("");
  expect(trainingText({ ...writer, epoch: null }, [])).toBe("● training");
  const batches = slotsOf(series([record(500, { epoch: null, batch: 500 })]));
  expect(trainingText({ ...writer, state: "stopped", epoch: null }, batches)).toBe("stopped after batch 500");
});

test("where weights were restored is said, in the name that the step has everywhere", () => {
  expect(trainingText({ state: "finished", restored: 0 }, slots)).toBe(
    "training finished, weights restored from epoch 1",
  );
  expect(trainingText({ state: "finished" }, slots)).toBe("training finished");
  expect([trainingText(null, slots), runningText(null)]).toEqual(["", null]);
});
