import { expect, test } from "vitest";
import { fileName } from "../src/export/caption";
import { toCsv } from "../src/export/tables";

test("fields with commas, quotes and line breaks are quoted", () => {
  expect(toCsv({ head: ["key", "weight"], rows: [['a,"b"', 0.5]] })).toBe('key,weight\r\n"a,""b""",0.5\r\n');
});

test("a word of the log is never a formula of a spreadsheet", () => {
  expect(toCsv({ head: ["key"], rows: [["=1+1"]] })).toBe("key\r\n'=1+1\r\n");
  // Spreadsheets take off the line feed, and what is left would be a formula.
  expect(toCsv({ head: ["key"], rows: [["\n=1+1"]] })).toBe('key\r\n"\'\n=1+1"\r\n');
  expect(toCsv({ head: ["weight"], rows: [[-0.5]] })).toContain("\n-0.5");
});

test("names of files keep letters of any script and nothing that a file system refuses", () => {
  expect(fileName(["attention", "a/b", null, "注意"], "png")).toBe("attention-a_b-注意.png");
});
