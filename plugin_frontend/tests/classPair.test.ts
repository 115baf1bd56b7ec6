import { expect, test } from "vitest";
import { fitPair } from "../src/model/classPair";
import { withoutMiddle } from "../src/model/shortNames";
import { foldedGroups, foldedText } from "../src/model/foldedGroups";

const width = (text: string) => 6 * [...text].length;

test("a long name loses its middle, and keeps what it begins and ends with", () => {
  expect(withoutMiddle("American Staffordshire terrier", 13)).toBe("Americ…errier");
  expect(withoutMiddle("cat", 13)).toBe("cat");
  expect([...withoutMiddle("🐈🐈🐈🐈🐈🐈", 4)]).toHaveLength(4);
});

test("of two names that are too long both are shortened, and a short one is left whole", () => {
  const [long, other] = ["Staffordshire bullterrier", "American Staffordshire terrier"];
  const both = fitPair(long, other, 120, width);
  expect(both.map((text) => text.includes("…"))).toEqual([true, true]);
  expect(both.map(width).reduce((a, b) => a + b)).toBeLessThanOrEqual(120);
  expect(fitPair("cat", other, 120, width)[0]).toBe("cat");
  expect(width(fitPair("cat", other, 120, width)[1])).toBeGreaterThan(80);
  expect(fitPair("cat", "dog", 120, width)).toEqual(["cat", "dog"]);
});

test.each([
  [[], false, null],
  [["0", "1", "2", "3"], false, "all"],
  [["0", "1", "2", "3"], true, null],
  [[], true, "none"],
  [["2"], true, "2"],
  [["0", "1", "3"], true, "-2"],
  [["1/0", "3"], true, "1/0,3"],
])("the address says which groups are folded: %j, of many classes: %s", (folded, many, text) => {
  const tops = ["0", "1", "2", "3"];
  expect(foldedText(new Set(folded), tops, many)).toBe(text);
  expect([...foldedGroups(text, tops, many)]).toEqual(folded);
});
