import { expect, test } from "vitest";
import {
  arrangeRuns,
  barOf,
  barScale,
  bestOf,
  bestRun,
  bestRuns,
  furtherMetrics,
  isHigherBetter,
  listRuns,
  shortNames,
  whatDiffers,
  type RunOrder,
} from "../src/model/arrangeRuns";
import { higherIsBetter } from "../src/model/metricDirection";
import type { RunEntry } from "../src/model/runs";

function run(name: string, monitor?: string, value?: number): RunEntry {
  const best = monitor === undefined ? null : { step: 1, monitor, ...(value === undefined ? {} : { value }) };
  const status = { state: "finished" as const, best };
  return {
    run: name,
    series: [
      { tag: "attention", content: "attention", attempts: [1], steps: 2, version: "1", status, only_events: false },
    ],
  };
}

const names = (runs: RunEntry[], filter: string, order: RunOrder) =>
  arrangeRuns(listRuns(runs), filter, order).map(({ run }) => run.run);

test("losses are ordered from the lowest, accuracies from the highest", () => {
  const losses = [run("a", "val_loss", 0.3), run("b", "val_loss", 0.1), run("c", "val_loss", 0.2)];
  expect(names(losses, "", "best")).toEqual(["b", "c", "a"]);
  const accuracies = [run("a", "val_accuracy", 0.3), run("b", "val_accuracy", 0.1), run("c", "val_accuracy", 0.2)];
  expect(names(accuracies, "", "best")).toEqual(["a", "c", "b"]);
});

test("which way a metric is better is what the log says, and only else guessed by its name", () => {
  const said = (name: string, value: number, mode?: "min" | "max") => {
    const made = run(name, "my_score", value);
    Object.assign(made.series[0]!.status!.best!, mode ? { mode } : {});
    return made;
  };
  expect(names([said("a", 0.1, "max"), said("b", 0.3, "max"), said("c", 0.2, "max")], "", "best")).toEqual([
    "b",
    "c",
    "a",
  ]);
  expect(names([said("a", 0.1), said("b", 0.3), said("c", 0.2)], "", "best")).toEqual(["a", "c", "b"]);
  expect(isHigherBetter(listRuns([said("a", 0.1, "max")]), "my_score")).toBe(true);
});

test("the step of the best is named as everywhere: an epoch from 1 where steps are epochs", () => {
  const at = (best: object, status: object = {}) => {
    const made = run("a");
    made.series[0]!.status = { state: "finished", ...status, best: { step: 14, monitor: "loss", value: 1, ...best } };
    return bestOf(made.series)?.at;
  };
  expect(at({ epoch: 14 })).toBe("epoch 15");
  expect(at({ epoch: 2 })).toBe("step 14");
  expect(at({ epoch: 2, batch: 14 })).toBe("batch 14");
  expect(at({}, { epochs: 20 })).toBe("epoch 15");
  expect(at({})).toBe("step 14");
});

test("runs with another metric, with none and with a best of an older log come last, as they stand", () => {
  const runs = [
    run("none"),
    run("old", "val_loss"),
    run("other", "loss", 0),
    run("a", "val_loss", 2),
    run("b", "val_loss", 1),
  ];
  expect(names(runs, "", "best")).toEqual(["b", "a", "none", "old", "other"]);
});

test("further metrics of the best steps are columns where they differ, and order the runs", () => {
  const reached = (name: string, metrics: Record<string, number | "NaN">, monitor = "val_loss") => {
    const made = run(name, monitor, 0.5);
    Object.assign(made.series[0]!.status!.best!, { metrics: { [monitor]: 0.5, ...metrics } });
    return made;
  };
  const runs = [
    reached("a", { accuracy: 0.5, loss: 0.1, val_accuracy: 0.3 }),
    reached("b", { accuracy: 0.4, loss: 0.1, val_accuracy: "NaN" }),
    reached("c", { accuracy: 0.6, loss: 0.1, val_accuracy: 0.7 }),
    reached("other", { val_accuracy: 0.9, rest: 1 }, "val_score"),
    run("old", "val_loss", 0.4),
  ];
  expect(furtherMetrics(listRuns(runs), "val_loss")).toEqual(["val_accuracy", "accuracy"]);
  expect(furtherMetrics(listRuns(runs.slice(0, 1)), "val_loss")).toEqual(["val_accuracy", "accuracy", "loss"]);
  expect(furtherMetrics(listRuns([run("old", "val_loss", 0.4)]), "val_loss")).toEqual([]);
  expect(names(runs, "", { metric: "val_accuracy" })).toEqual(["c", "a", "b", "other", "old"]);
  expect(names(runs, "", { metric: "accuracy" })).toEqual(["c", "a", "b", "other", "old"]);
});

test("runs are ordered by a parameter as people count, and those without it come last", () => {
  const runs = [run("bs=128,seed=0"), run("base"), run("bs=16,seed=1"), run("bs=128,seed=1"), run("bs=256")];
  expect(names(runs, "", { parameter: "bs" })).toEqual([
    "bs=16,seed=1",
    "bs=128,seed=0",
    "bs=128,seed=1",
    "bs=256",
    "base",
  ]);
});

test("the best runs are those by the metric in its direction, of those that pass the filter", () => {
  const metric = (monitor: string) =>
    listRuns([
      run("a1", monitor, 0.4),
      run("a2", monitor, 0.1),
      run("a3", monitor, 0.3),
      run("b", monitor, 0.05),
      run("a4"),
      run("a5", "other", 0),
    ]);
  const best = (monitor: string, filter: string, count: number) =>
    bestRuns(metric(monitor), filter, count).map(({ run }) => run.run);
  expect(best("val_loss", "a", 2)).toEqual(["a2", "a3"]);
  expect(best("val_accuracy", "a", 2)).toEqual(["a1", "a3"]);
  expect(best("val_loss", "", 9)).toEqual(["b", "a2", "a3", "a1"]);
  expect(bestRun(metric("val_loss"), "val_loss", false)?.run.run).toBe("b");
  expect(bestRun(metric("val_loss"), "val_loss", true)?.run.run).toBe("a1");
  expect(bestRun(metric("val_loss"), "loss", true)).toBeNull();
  expect(bestRuns(listRuns([run("a"), run("b")]), "", 2)).toEqual([]);
});

test("the filter is a regular expression, and what is none leaves all", () => {
  const runs = [run("lr=1"), run("lr=2"), run("LR=13")];
  expect(names(runs, "lr=1", "name")).toEqual(["lr=1", "LR=13"]);
  expect(names(runs, "(", "name")).toHaveLength(3);
});

test("only what is called like a score should be high", () => {
  expect(["val_accuracy", "auc", "f1_score"].every(higherIsBetter)).toBe(true);
  expect(["val_loss", "mean_absolute_error", "perplexity"].some(higherIsBetter)).toBe(false);
});

test("names lose the directories that all share, and nothing else", () => {
  expect(shortNames(["sweep/a/x", "sweep/b/x"])).toEqual(["a/x", "b/x"]);
  expect(shortNames(["sweep/a", "sweep/a/more"])).toEqual(["a", "a/more"]);
  expect(shortNames(["sweep/a"])).toEqual(["sweep/a"]);
  expect(shortNames(["a", "b"])).toEqual(["a", "b"]);
});

test("a longer bar is a larger value, from zero, whichever end is the better one", () => {
  const scale = barScale([0.5, 2, 1]);
  expect([0, 0.5, 1, 2].map((value) => barOf(scale, value))).toEqual(
    [0, 0.25, 0.5, 1].map((length) => ({ from: 0, length })),
  );
  const around = barScale([-1, 3]);
  expect(barOf(around, -1)).toEqual({ from: 0, length: 0.25 });
  expect(barOf(around, 3)).toEqual({ from: 0.25, length: 0.75 });
  expect(barOf(barScale([]), 0)).toEqual({ from: 0, length: 0 });
});

test("captions of runs say what differs", () => {
  expect(whatDiffers(["sweep/lr=0.1,bs=16,seed=1", "sweep/lr=0.1,bs=128,seed=2"])).toEqual([
    "bs=16 seed=1",
    "bs=128 seed=2",
  ]);
  expect(whatDiffers(["base", "base,wide"])).toEqual(["base", "wide"]);
  expect(whatDiffers(["only"])).toEqual(["only"]);
});
