import { expect, test } from "vitest";
import {
  bestByText,
  bestSlot,
  bestStep,
  countedOf,
  joinedSlot,
  metricNames,
  shortStepName,
  slotAt,
  slotsOf,
  stepName,
} from "../src/model/timeline";
import { TimelineGeometry } from "../src/chart/slots";
import { bandPath, curvePath, rangeOf, roundTicks } from "../src/chart/curves";
import { record, series } from "./helpers";

const damaged = { file: "step-000000000001.npz", step: 1, reason: "cut" };

test("init comes first, damaged steps in their order", () => {
  const slots = slotsOf(series([record("init"), record(0), record(2)], { damaged: [damaged] }));
  expect(slots.map((slot) => slot.step)).toEqual(["init", 0, 1, 2]);
  expect(slots[2]).toMatchObject({ damaged: "cut", record: null, epoch: 1 });
});

test("epochs are counted as Keras prints them", () => {
  const slots = slotsOf(series([record("init"), record(3), record(120, { epoch: null })]));
  expect(slots.map(stepName)).toEqual(["before training (init)", "epoch 4 (step 3)", "step 120"]);
  expect(slots.map(shortStepName)).toEqual(["init", "epoch 4", "step 120"]);
});

test("steps that are batches, or count anything else, are not called epochs", () => {
  const slots = slotsOf(
    series([record(120, { epoch: 2, batch: 120 }), record(7, { epoch: null, batch: 7 }), record(300, { epoch: 3 })]),
  );
  expect(slots.map(shortStepName)).toEqual(["batch 7", "batch 120", "step 300"]);
  expect(slots.map(stepName)).toEqual(["batch 7", "batch 120 (epoch 3)", "step 300 (epoch 4)"]);
  expect(countedOf(slots)).toBe("step");
  expect(countedOf(slotsOf(series([record("init"), record(0)])))).toBe("epoch");
});

test("following shows the newest step that can be read", () => {
  const slots = slotsOf(series([record(0), record(2)], { damaged: [{ ...damaged, step: 3 }] }));
  expect(slotAt(slots, null)).toBe(1);
  expect(slotAt(slots, 3)).toBe(2);
});

test("a step that is gone gives way to the one before", () => {
  const slots = slotsOf(series([record("init"), record(0), record(4)]));
  expect(slotAt(slots, 3)).toBe(1);
  expect(slotAt(slots, "init")).toBe(0);
});

test("the best step is what the callback says, else the smallest validation loss, never init", () => {
  const steps = [
    record("init", { logs: { val_loss: 0.01 } }),
    record(0, { logs: { loss: 1, val_loss: 0.5 } }),
    record(1, { logs: { loss: 0.5, val_loss: 0.9 } }),
  ];
  const plain = series(steps);
  const slots = slotsOf(plain);
  expect(bestSlot(slots, plain, metricNames(slots))).toBe(1);
  const said = series(steps, { status: { state: "finished", best: { step: 1, monitor: "val_accuracy" } } });
  expect(bestSlot(slots, said, metricNames(slots))).toBe(2);
});

test("losses that are not numbers are never the best", () => {
  const one = series([record(0, { logs: { loss: "NaN" } }), record(1, { logs: { loss: 2 } })]);
  expect(bestSlot(slotsOf(one), one, metricNames(slotsOf(one)))).toBe(1);
});

test("any accuracy is found under its own name", () => {
  const logs = { loss: 1, binary_accuracy: 0.5, val_binary_accuracy: 0.4 };
  expect(metricNames(slotsOf(series([record(0, { logs })])))).toEqual({
    loss: "loss",
    valLoss: null,
    accuracy: "binary_accuracy",
    valAccuracy: "val_binary_accuracy",
  });
});

test("series that count differently are joined by epoch and batch", () => {
  const byBatch = [5, 10, 15].map((batch) => record(batch, { epoch: batch > 10 ? 1 : 0, batch }));
  const maps = slotsOf(series(byBatch));
  const epochs = slotsOf(series([record("init"), record(0), record(1)]));
  expect(joinedSlot(epochs, maps[0]!)).toBe(1);
  expect(joinedSlot(epochs, maps[2]!)).toBe(2);
  expect(joinedSlot(maps, epochs[1]!)).toBe(1);
  expect(joinedSlot(slotsOf(series([record(7)])), epochs[0]!)).toBe(-1);
});

test("slots are found under the pointer, also beyond the ends", () => {
  const geometry = new TimelineGeometry(10, false, 500);
  expect([geometry.slotAt(-20), geometry.slotAt(75), geometry.slotAt(9999)]).toEqual([0, 1, 9]);
  expect(geometry.every(26)).toBe(1);
  expect(new TimelineGeometry(100, true, 500).every(26)).toBe(10);
});

test("the model before training does not flatten the curves", () => {
  expect(rangeOf([[100, 2, 1]], true)).toEqual({ low: 1, high: 2 });
  expect(rangeOf([[]], true)).toEqual({ low: 0, high: 1 });
  expect(curvePath([1, NaN, 0], [0, 5, 10], 20, { low: 0, high: 1 })).toBe("M0,4ZM10,16Z");
});

test("a curve has gaps where values are not finite, and stays within its height", () => {
  const path = curvePath([0.5, 3, Infinity, 0, 1 / 3], [0, 1, 2, 3, 4], 20, { low: 0, high: 1 }, 2);
  expect(path).toBe("M0,10L1,2M3,18L4,12.667");
  expect(curvePath([7, 7], [0, 1], 20, { low: 7, high: 7 })).toBe("M0,10L1,10");
});

test("thousands of points are drawn as what can be seen of them: the range of each pixel", () => {
  const values = Array.from({ length: 10000 }, (_, i) => (i === 4321 ? 1 : i === 7000 ? NaN : 0.1 + 0.2 * Math.sin(i)));
  const xs = values.map((_, i) => (i * 100) / 10000);
  const path = curvePath(values, xs, 100, { low: -1, high: 1 }, 0);
  const points = path
    .split(/[ML]/)
    .slice(1)
    .map((point) => point.replace("Z", "").split(",").map(Number));
  expect(points.length).toBeLessThanOrEqual(4 * 100);
  expect(points).toContainEqual([43.21, 0]);
  expect(path.split("M").length - 1).toBe(2);
  for (let pixel = 0; pixel < 100; pixel++) {
    const of = values.slice(100 * pixel, 100 * (pixel + 1)).filter(Number.isFinite);
    const drawn = points.filter(([x]) => Math.floor(x!) === pixel).map(([, y]) => y!);
    expect(Math.min(...drawn)).toBeCloseTo(50 - 50 * Math.max(...of), 3);
    expect(Math.max(...drawn)).toBeCloseTo(50 - 50 * Math.min(...of), 3);
  }
});

test("two to five round ticks lie in the range", () => {
  expect([1, 3, 44, 61, 0.35, 999, 0.08].map(roundTicks)).toEqual([
    [0, 0.5, 1],
    [0, 1, 2, 3],
    [0, 20, 40],
    [0, 20, 40, 60],
    [0, 0.1, 0.2, 0.3],
    [0, 200, 400, 600, 800],
    [0, 0.02, 0.04, 0.06, 0.08],
  ]);
  expect([0, NaN].map(roundTicks)).toEqual([[], []]);
});

test("the best step says by which metric and which way, and its own value", () => {
  const logs = [0.3, 0.613, 0.5].map((auc, i) => ({
    val_accuracy: 0.625,
    val_auc: auc,
    my_score: 3 - i,
    val_loss: i + 1,
  }));
  const steps = logs.map((each, i) => record(i, { logs: each }));
  const told = (monitor: string, step: number, value?: number) =>
    bestStep(
      slotsOf(series(steps)),
      series(steps, {
        status: { state: "finished", best: { step, monitor, ...(value === undefined ? {} : { value }) } },
      }),
      metricNames(slotsOf(series(steps))),
    )!;
  expect(told("val_auc", 1, 0.613)).toEqual({ index: 1, metric: "val_auc", higher: true, value: 0.613 });
  // Its name does not say that more is better; that the largest value is the best does.
  expect(told("my_score", 0)).toEqual({ index: 0, metric: "my_score", higher: true, value: 3 });
  expect(told("my_score", 2).higher).toBe(false);
  // Where the log says which way, it need not be guessed.
  const mode = { step: 1, monitor: "my_score", value: 2, mode: "max" as const };
  const withMode = bestStep(
    slotsOf(series(steps)),
    series(steps, { status: { state: "finished", best: mode } }),
    metricNames([]),
  );
  expect(withMode!.higher).toBe(true);
  const plain = series(steps);
  const best = bestStep(slotsOf(plain), plain, metricNames(slotsOf(plain)))!;
  expect([best.value, bestByText(best)]).toEqual([1, "by val_loss, lowest"]);
  expect(bestByText(told("val_auc", 1))).toBe("by val_auc, highest");
});

test("a band runs along the upper edge and back along the lower, with gaps where one edge has some", () => {
  const range = { low: 0, high: 1 };
  expect(bandPath([0.25, 0.5], [0.75, 2], [0, 10], 100, range, 0)).toBe("M0,25L10,0L10,50L0,75Z");
  expect(bandPath([0, NaN, 0.5], [1, 1, 0.5], [0, 10, 20], 100, range, 0)).toBe("M0,0L0,100ZM20,50L20,50Z");
  expect(bandPath([NaN], [NaN], [0], 100, range)).toBe("");
});
