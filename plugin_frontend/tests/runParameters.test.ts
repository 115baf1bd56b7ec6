import { expect, test } from "vitest";
import {
  differingParameters,
  groupRuns,
  isExpression,
  parametersOf,
  readGrouping,
  type Grouping,
} from "../src/model/runParameters";
import { bestRunsText, parameterText, runGroupText, wrongExpressionText } from "../src/model/sentences";

const pairs = (name: string) => Object.fromEntries(parametersOf(name));

test("a name says its hyperparameters as key=value, between any of the separators", () => {
  const sweep = { lr: "0.1", bs: "16", seed: "0" };
  for (const name of ["lr=0.1,bs=16,seed=0", "lr=0.1_bs=16_seed=0", "lr=0.1/bs=16;seed=0", "lr=0.1 bs=16, seed=0"])
    expect(pairs(name)).toEqual(sweep);
  expect(pairs("sweep/lr=1e-3,wide/train")).toEqual({ lr: "1e-3" });
  expect(pairs("lr=-0.5,note=größe")).toEqual({ lr: "-0.5", note: "größe" });
});

test("an underscore separates only before another key", () => {
  expect(pairs("batch_size=16")).toEqual({ batch_size: "16" });
  expect(pairs("lr=0.1_batch_size=16_act=leaky")).toEqual({ lr: "0.1", batch_size: "16", act: "leaky" });
  expect(pairs("act=leaky_relu,lr=1")).toEqual({ act: "leaky_relu", lr: "1" });
});

test("nothing else is taken for a hyperparameter", () => {
  for (const name of ["lr-0.1", "lr0.1", "base", "", "=3", "lr=", "a==b", "a=b=c", "2024-01-02_12:30"])
    expect([name, pairs(name)]).toEqual([name, {}]);
});

test("of two values of a key the one deeper in the path holds", () => {
  expect(pairs("lr=0.1/lr=0.2")).toEqual({ lr: "0.2" });
});

test("columns are the parameters that not all runs share", () => {
  const names = ["lr=0.1,bs=16,seed=0", "lr=0.1,bs=32,seed=0", "lr=0.1,bs=32,seed=0,drop=0.5"];
  expect(differingParameters(names.map(parametersOf))).toEqual(["bs", "drop"]);
  expect(differingParameters([])).toEqual([]);
});

const groups = (names: string[], grouping: Grouping) =>
  groupRuns(
    names.map((run) => ({ run: { run }, parameters: parametersOf(run) })),
    grouping,
  )?.map(({ name, runs }) => [name, runs.map(({ run }) => run.run)]);

test("groups of a parameter stand in the order of their first runs, and runs without it at the end", () => {
  const names = ["base", "bs=16,seed=0", "bs=128,seed=0", "bs=16,seed=1"];
  expect(groups(names, { parameter: "bs" })).toEqual([
    ["bs=16", ["bs=16,seed=0", "bs=16,seed=1"]],
    ["bs=128", ["bs=128,seed=0"]],
    [null, ["base"]],
  ]);
  expect(groups(names, null)).toBeUndefined();
});

test("an expression groups by its first group, else by its whole match", () => {
  const names = ["vit-small-1", "cnn-1", "vit-large-2", "other"];
  expect(groups(names, { expression: "vit|cnn" })).toEqual([
    ["vit", ["vit-small-1", "vit-large-2"]],
    ["cnn", ["cnn-1"]],
    [null, ["other"]],
  ]);
  expect(groups(names, { expression: "-(\\d)$" })).toEqual([
    ["1", ["vit-small-1", "cnn-1"]],
    ["2", ["vit-large-2"]],
    [null, ["other"]],
  ]);
});

test("a wrong expression and an empty one group nothing", () => {
  expect(groups(["a"], { expression: "(" })).toBeUndefined();
  expect(groups(["a"], { expression: "" })).toBeUndefined();
  expect([isExpression("("), isExpression("seed=(\\d+)")]).toEqual([false, true]);
});

test("the address says by what runs are grouped", () => {
  expect(readGrouping("=lr")).toEqual({ parameter: "lr" });
  expect(readGrouping("/seed=(\\d)")).toEqual({ expression: "seed=(\\d)" });
  expect(readGrouping("/")).toEqual({ expression: "" });
  expect([readGrouping(null), readGrouping("lr")]).toEqual([null, null]);
});

test("what the table of runs says of parameters, groups and the best", () => {
  expect(parameterText("lr")).toBe("lr, as the name of the run says it");
  expect(runGroupText("lr=0.1", { parameter: "lr" })).toBe("lr=0.1");
  expect(runGroupText(null, { parameter: "lr" })).toBe("without lr");
  expect(runGroupText(null, { expression: "v(it)" })).toBe("without a match of v(it)");
  expect(bestRunsText(4, "val_loss", false)).toBe(
    "Choose the 4 runs with the lowest val_loss, of those that pass the filter",
  );
  expect(bestRunsText(1, "auc", true)).toBe("Choose the run with the highest auc, of those that pass the filter");
  expect(wrongExpressionText("(")).toBe("“(” is not a regular expression, so the runs are not grouped.");
});
