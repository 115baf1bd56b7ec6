import { expect, test } from "vitest";
import type { Sample } from "../src/api/wire";
import { invisibleMark } from "../src/model/invisible";
import { overviewMaps } from "../src/model/overviewMaps";
import { positionsOf } from "../src/model/positions";
import { isPadded, withPadding } from "../src/model/samples";
import { cellName } from "../src/model/sentences";
import { layoutText } from "../src/model/text";
import { site, sqrt8 } from "./helpers";

function sample(count: number, size: number): Sample {
  const tokens = Array.from({ length: size }, (_, i) => (i < count ? `w${i}` : "[PAD]"));
  const mask = tokens.map((_, i) => Number(i < count));
  return { id: "a", index: 0, label: null, inputs: [{ name: "text", kind: "tokens", tokens, mask, text: null }] };
}

/** A site of one head over `size` tokens, and its overview of `cells` x `cells`, in which cell (r, c) is r + c / 100. */
function pooled(size: number, cells: number) {
  const along = { size, kind: "tokens" as const, input: 0 };
  const axes = [
    { role: "heads" as const, size: 1 },
    { role: "query" as const, ...along },
    { role: "key" as const, ...along },
  ];
  const rows = Array.from({ length: cells }, (_, r) => Array.from({ length: cells }, (_, c) => r + c / 100));
  const stored = sqrt8(rows);
  const overview = { shape: [1, cells, cells], encoding: "sqrt8_row" as const, offset: 0, bytes: stored.length };
  return { of: site({ overview }, axes), stored };
}

test("an overview leaves out padding, row and column", () => {
  const { of, stored } = pooled(4, 4);
  const [map] = overviewMaps(of, stored, sample(2, 4));
  expect([map!.rows, map!.columns]).toEqual([2, 2]);
  expect([...map!.weights].map((weight) => Math.round(weight))).toEqual([0, 0, 1, 1]);
  const [whole] = overviewMaps(of, stored, withPadding(sample(2, 4)));
  expect([whole!.rows, whole!.columns]).toEqual([4, 4]);
  expect(overviewMaps(of, stored)[0]!.rows).toBe(4);
});

test("a pooled cell with a word and padding stays", () => {
  // 64 tokens in 32 cells: 5 words take 3 cells, the last with one of padding.
  const { of, stored } = pooled(64, 32);
  const [map] = overviewMaps(of, stored, sample(5, 64));
  expect([map!.rows, map!.columns]).toEqual([3, 3]);
  const axis = positionsOf(of, "key", sample(5, 64));
  expect(cellName(axis, 1, 3)).toBe("“w2” to “w3”");
});

test("a sample with its padding has no mask any more", () => {
  expect([isPadded(sample(2, 4)), isPadded(sample(4, 4))]).toEqual([true, false]);
  const { of } = pooled(4, 4);
  expect(positionsOf(of, "key", sample(2, 4)).shown).toEqual([0, 1]);
  expect(positionsOf(of, "key", withPadding(sample(2, 4))).shown).toEqual([0, 1, 2, 3]);
});

test("what cannot be seen is a mark", () => {
  expect([" ", "\n", "\t", "\u00a0", "\u200b", "", "  "].map(invisibleMark)).toEqual([
    "␣",
    "↵",
    "⇥",
    "⍽",
    "U+200B",
    "∅",
    "␣␣",
  ]);
  expect(["a", "[CLS]", "e\u0301", "👩‍👩‍👧", "שלום", ".", "\u202eevil"].map(invisibleMark)).toEqual(Array(7).fill(null));
});

test("an axis names tokens that cannot be seen by their mark and position", () => {
  const tokens = ["a", " ", "", "\u200b"];
  const text: Sample = {
    id: "a",
    label: null,
    inputs: [{ name: "text", kind: "tokens", tokens, mask: null, text: null }],
  };
  const axis = positionsOf(site({}, [{ role: "key", size: 4, kind: "tokens", input: 0 }]), "key", text);
  expect(axis.shown.map(axis.label)).toEqual(["a", "␣ 1", "∅ 2", "U+200B 3"]);
  expect(axis.shown.map(axis.name)).toEqual(["“a”", "“␣” (word 1)", "empty token (word 2)", "“U+200B” (word 3)"]);
});

test("running text shows them too, and breaks the line behind a line break", () => {
  const { words } = layoutText(["a", "\n", "", "b"], [0, 1, 2, 3], null, false);
  expect(words.map((word) => word.text)).toEqual(["a", "↵\n", "∅", "b"]);
});
