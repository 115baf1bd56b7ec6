import { expect, test, vi } from "vitest";
import { Recent } from "../src/state/recent";

test("the most recent are remembered, the others are made again", () => {
  const recent = new Recent<string>(2);
  const [a, b] = [{}, {}];
  const make = vi.fn(() => "made");
  for (const [object, part] of [
    [a, ""],
    [b, ""],
    [a, ""],
    [a, "head 1"],
    [a, ""],
    [b, ""],
  ] as const)
    recent.get(object, make, part);
  // a, b, a's head, and b again, which was the oldest.
  expect(make).toHaveBeenCalledTimes(4);
});
