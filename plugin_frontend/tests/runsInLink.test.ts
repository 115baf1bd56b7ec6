import { expect, test } from "vitest";
import { foldedRunsText, readFoldedRuns, readRunOrder, runOrderText } from "../src/model/runsInLink";

test("an order of runs comes back from the address", () => {
  for (const order of ["name", "best", { parameter: "lr" }, { metric: "val_accuracy" }] as const)
    expect(readRunOrder(runOrderText(order))).toEqual(order);
  expect(runOrderText("name")).toBeNull();
  expect(readRunOrder("upside down")).toBe("name");
});

test("folded groups come back from the address, whatever their names", () => {
  const folded = new Set(["lr=0.1", "a,b", "100 %", "%", null]);
  expect(readFoldedRuns(foldedRunsText(folded))).toEqual(folded);
  expect(foldedRunsText(new Set())).toBeNull();
  expect(readFoldedRuns("%z,lr%3D1")).toEqual(new Set(["lr=1"]));
});
