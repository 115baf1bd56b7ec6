import { expect, test } from "vitest";
import { directionOf } from "../src/model/direction";
import { layoutText } from "../src/model/text";
import { isSpecialToken, renormalise, sinks } from "../src/model/special";
import { meanRow, poolMaps, poolRows } from "../src/model/pool";
import { ranges } from "../src/api/ranges";

const all = (tokens: string[]) => tokens.map((_, i) => i);
const shown = ({ words, after }: ReturnType<typeof layoutText>) =>
  words.map((word) => word.before + word.text).join("") + after;

test("tokens are shown as the text they come from, line breaks and signs kept", () => {
  const text = "Subject: Hello!\n\nDear Sir,\nbye";
  const tokens = ["[CLS]", "subject", "hello", "dear", "sir", "bye", "[SEP]"];
  expect(shown(layoutText(tokens, all(tokens), text, false))).toBe("[CLS] Subject: Hello!\n\nDear Sir,\nbye [SEP]");
});

test("a token that the vocabulary lacks is shown as the word at its position", () => {
  const tokens = ["the", "[UNK]", "barks"];
  const { words } = layoutText(tokens, all(tokens), "The Azawakh barks", false);
  expect(words.map((word) => word.text)).toEqual(["The", "Azawakh", "barks"]);
});

test("a text that the tokens are not from is left aside", () => {
  const tokens = ["one", "two", "three"];
  expect(shown(layoutText(tokens, all(tokens), "something else", false))).toBe("one two three");
});

test.each([
  [["un", "##believ", "##able", "news"], "unbelievable news"],
  [["▁un", "believ", "able", "▁news"], "unbelievable news"],
  [["Ġun", "believable", "Ġnews"], "unbelievable news"],
])("pieces of words are joined: %j", (tokens, text) => {
  const { words } = layoutText(tokens, all(tokens), null, true);
  expect(words.map((word) => word.text).join(" ")).toBe(text);
  expect(words.flatMap((word) => word.positions)).toEqual(all(tokens));
});

test("characters of a script without spaces stay words of their own", () => {
  const tokens = ["注", "意", "力"];
  expect(layoutText(tokens, all(tokens), "注意力", true).words).toHaveLength(3);
});

test("the same word later in the text is not taken for this one", () => {
  const text = "a " + "x ".repeat(100) + "b a b";
  const { words } = layoutText(["a", "b"], [0, 1], text, false);
  expect(words[0]?.text).toBe("a");
  expect(words[1]?.before.length).toBeLessThan(5);
});

test("special tokens of the usual tokenizers are known, words in brackets are not", () => {
  for (const token of ["[CLS]", "</s>", "<pad>", "<|endoftext|>", "[start]"]) expect(isSpecialToken(token)).toBe(true);
  for (const token of ["<br>", "[1]", "cls", ""]) expect(isSpecialToken(token)).toBe(false);
});

test("a sink is a key that gets a third of all attention", () => {
  const weights = Float32Array.from({ length: 80 }, (_, i) => (i % 10 === 3 ? 0.5 : 0.05));
  expect(sinks({ rows: 8, columns: 10, weights }, all(Array(8).fill("")), all(Array(10).fill("")))).toEqual([3]);
});

test("rows sum to 1 over what is left", () => {
  const map = renormalise({ rows: 2, columns: 3, weights: Float32Array.of(0.5, 0.3, 0.2, 1, 0, 0) }, [1, 2]);
  expect(map.weights[1]! + map.weights[2]!).toBeCloseTo(1);
  expect(map.weights[4]).toBe(0);
});

test("maps and rows are pooled weight by weight", () => {
  const maps = [
    { rows: 1, columns: 2, weights: Float32Array.of(0.2, 0.8) },
    { rows: 1, columns: 2, weights: Float32Array.of(0.6, NaN) },
  ];
  expect(poolMaps(maps, "mean").weights[0]).toBeCloseTo(0.4);
  expect(poolMaps(maps, "mean").weights[1]).toBeNaN();
  expect(poolRows([maps[1]!.weights, maps[0]!.weights], "max")[1]).toBeCloseTo(0.8);
  const map = { rows: 2, columns: 2, weights: Float32Array.of(1, 0, 0, 1) };
  expect([...meanRow(map, [0, 1, 9])]).toEqual([0.5, 0.5]);
});

test("positions are written as ranges", () => {
  expect(ranges([7, 0, 1, 2])).toBe("0-2,7");
});

test("a text runs as its first letter does, special tokens and signs aside", () => {
  expect(["[CLS] שלום עולם [SEP]", "<s> 3 (مرحبا)", "שלום world"].map(directionOf)).toEqual(["rtl", "rtl", "rtl"]);
  expect(["[CLS] hello", "hello שלום", "123 …", "", "注意"].map(directionOf)).toEqual(Array(5).fill("ltr"));
});
