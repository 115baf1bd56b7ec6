import { expect, test } from "vitest";
import type { SeriesEntry } from "../src/api/wire";
import { pairedMatrices } from "../src/model/runs";

const entries = (...tags: string[]): SeriesEntry[] =>
  tags.map((tag) => ({
    tag,
    content: "confusion",
    attempts: [1],
    steps: 1,
    version: "1",
    status: null,
    only_events: false,
  }));

test("maps go with the matrices whose tag contains theirs", () => {
  const both = entries("attention confusion", "gated confusion");
  expect(pairedMatrices(both, "gated", null)?.tag).toBe("gated confusion");
  expect(pairedMatrices(both, "attention", null)?.tag).toBe("attention confusion");
  expect(pairedMatrices(entries("gated attention confusion", "attention confusion"), "attention", null)?.tag).toBe(
    "attention confusion",
  );
});

test("matrices that are chosen win, and without a like name there is still one", () => {
  const both = entries("attention confusion", "gated confusion");
  expect(pairedMatrices(both, "gated", "attention confusion")?.tag).toBe("attention confusion");
  expect(pairedMatrices(entries("confusion"), "attention", null)?.tag).toBe("confusion");
  expect(pairedMatrices(entries("a", "confusion"), "maps", "gone")?.tag).toBe("confusion");
  expect(pairedMatrices([], "maps", null)).toBeNull();
});
