import { expect, test } from "vitest";
import { shortNames } from "../src/model/shortNames";

const layers = (sides: Record<string, string[]>) =>
  Object.entries(sides).flatMap(([side, kinds]) =>
    [0, 1].flatMap((layer) => kinds.map((kind) => `${side}coder/layer_${layer}/${kind}_attention`)),
  );

test("what all names share is left out, and what tells them apart is kept", () => {
  expect(shortNames(layers({ en: ["self"], de: ["self", "cross"] }), 18)).toEqual([
    "encoder/…0/self…",
    "encoder/…1/self…",
    "decoder/…0/self…",
    "decoder/…0/cross…",
    "decoder/…1/self…",
    "decoder/…1/cross…",
  ]);
});

test("where there is less room, words lose their ends, the longest first", () => {
  const short = shortNames(layers({ en: ["self"], de: ["self", "cross"] }), 12);
  expect(short).toEqual(["enc…0/self…", "enc…1/self…", "dec…0/self…", "dec…0/cross…", "dec…1/self…", "dec…1/cross…"]);
});

test("names that are short enough stay as they are", () => {
  expect(shortNames(["block_0", "block_1"], 18)).toEqual(["block_0", "block_1"]);
});

test("a name alone loses its middle", () => {
  expect(shortNames(["multi_head_attention_of_the_encoder"], 18)).toEqual(["multi_hea…_encoder"]);
});

test("names that differ in one letter in the middle stay different", () => {
  const names = ["a", "b"].map((letter) => `${"x".repeat(30)}${letter}${"y".repeat(30)}`);
  const short = shortNames(names, 18);
  expect(new Set(short).size).toBe(2);
});

test("any list stays as different as it was, and no name grows", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const words = ["encoder", "decoder", "block", "attention", "self", "cross", "x", "multiHead", "多头", "12", "קשב"];
  for (let round = 0; round < 300; round++) {
    const names = Array.from({ length: 2 + random(12) }, () =>
      Array.from({ length: 1 + random(6) }, () => words[random(words.length)]).join(["/", "_", "."][random(3)]),
    );
    const short = shortNames(names, 6 + random(20));
    expect(new Set(short).size).toBe(new Set(names).size);
    short.forEach((name, i) => expect(name.length).toBeLessThanOrEqual(names[i]!.length));
  }
});
