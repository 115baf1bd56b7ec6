import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { received } from "../src/api/held/received";
import { npyFile } from "../src/api/npyFile";
import { readNpy } from "../src/api/npy";
import { keywordsOf, rankedKeywords } from "../src/model/keywords";
import { describeKeywords, textOf } from "../src/model/sentences";
import { record, series, site } from "./helpers";

const TEXTS = [
  ["[CLS]", "Free", "free", "money"],
  ["see", "you", "free", ""],
];
const MASKS = [
  [1, 1, 1, 1],
  [1, 1, 1, 0],
];
const SAMPLES = TEXTS.map((tokens, index) => ({
  id: String(index),
  label: null,
  index,
  inputs: [{ name: "text", kind: "tokens" as const, tokens, mask: MASKS[index]! }],
}));
const POOLING = site({ path: "pooling", kind: "cross", encoding: "float32", shape: [1, 1, 4] }, [
  { role: "heads", size: 1 },
  { role: "query", size: 1 },
  { role: "key", size: 4, kind: "tokens", input: 0 },
]);
const WEIGHTS = Float32Array.of(0.2, 0.3, 0.1, 0.4, 0.5, 0.2, 0.3, 0);

test("words count whatever their case, special tokens and padding do not", () => {
  const words = new Map(keywordsOf(POOLING, SAMPLES, [0, 1], WEIGHTS).map((word) => [word.word, word]));
  expect([...words.keys()].sort()).toEqual(["free", "money", "see", "you"]);
  const free = words.get("free")!;
  expect([free.uses, free.samples]).toEqual([3, 2]);
  expect(free.share).toBeCloseTo((0.3 + 0.1 + 0.3) / (0.8 + 1.0));
  // Uniform is 1 / 4 in the first text and 1 / 3 in the second.
  expect(free.perUse).toBeCloseTo((0.3 * 4 + 0.1 * 4 + 0.3 * 3) / 3);
  expect([...words.values()].reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

test("what is typical of some samples leaves out what the others have too", () => {
  const words = keywordsOf(POOLING, SAMPLES, [0], WEIGHTS);
  expect(rankedKeywords(words, "share", 2).map(({ word }) => word)).toEqual(["free", "money"]);
  expect(rankedKeywords(words, "lead", 2).map(({ word }) => word)).toEqual(["money", "free"]);
  expect(words.find(({ word }) => word === "free")!.lead).toBeCloseTo(0.4 / 0.8 - 0.3);
});

test("by use, words that are used seldom come only where there are no others", () => {
  const words = keywordsOf(POOLING, SAMPLES, [0, 1], WEIGHTS);
  expect(rankedKeywords(words, "use", 5).map(({ word }) => word)).toEqual(["free"]);
  const few = words.filter(({ uses }) => uses < 3);
  expect(rankedKeywords(few, "use", 5).map(({ word }) => word)).toEqual(["money", "see", "you"]);
});

test("a sentence names the first words", () => {
  const words = keywordsOf(POOLING, SAMPLES, [0], WEIGHTS);
  const facts = { words, samples: 1, head: "pooling" };
  expect(textOf(describeKeywords({ ...facts, order: "lead" }))).toBe(
    "Typical of 1 sample: pooling gives “money” 50 % of all attention, in 1 use, and 0 % in the other samples; then “free”.",
  );
  expect(textOf(describeKeywords({ ...facts, order: "share" }))).toBe(
    "In 1 sample pooling gives “free” most: 50 % of all attention, in 2 uses; then “money”.",
  );
});

test("a stand-alone page computes what keys get from the weights that it holds", async () => {
  const answer = series([record(0, { sites: 0, sample_count: 2 })], { site_sets: [[POOLING]] });
  const held = (sample: number) =>
    sample === 0 ? new Uint8Array(gzipSync(npyFile([1, 1, 4], WEIGHTS.slice(0, 4)))) : null;
  const params = new URLSearchParams({ step: "0", site: "0", head: "0" });
  const response = await received(answer, SAMPLES, params, (_, index) => held(index));
  const { shape, data } = readNpy(gunzipSync(new Uint8Array(await response!.arrayBuffer())));
  expect(shape).toEqual([2, 4]);
  expect([...data]).toEqual([...WEIGHTS.slice(0, 4), NaN, NaN, NaN, NaN]);
});
