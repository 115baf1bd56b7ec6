import { expect, test } from "vitest";
import { countText, kindsText, kindWords, listText } from "../src/model/kindWords";
import {
  fitSentence,
  mentioned,
  named,
  plain,
  shortName,
  strong,
  textOf,
  type FittedPart,
} from "../src/model/sentences";

/** Every letter 10 pixels wide. */
const widthOf = (text: string) => 10 * [...text].length;
const shown = (parts: FittedPart[]) => parts.map(({ text }) => text).join("");

test("a sentence that fits stays as it is, on one line", () => {
  const parts = [named("a"), plain(" is first")];
  expect(fitSentence(parts, 100, widthOf)).toEqual({ parts, small: false });
});

test("a sentence that fits on two small lines keeps its names whole", () => {
  const parts = [named("block_0 · head 1"), plain(" is the most focused")];
  expect(fitSentence(parts, 200, widthOf)).toEqual({ parts, small: true });
});

test("names give way to numbers, and are there whole for who asks", () => {
  const token = "x".repeat(300);
  const parts = [named(`“${token}”`), plain(" looks at "), mentioned("“late”"), strong(": 0.123")];
  const fitted = fitSentence(parts, 300, widthOf);
  expect(shown(fitted.parts)).toMatch(/^“x+…x+” looks at “late”: 0\.123$/u);
  expect(widthOf(shown(fitted.parts)) * (13 / 14)).toBeLessThanOrEqual(600);
  expect(fitted.parts[0]!.whole).toBe(`“${token}”`);
  expect(textOf(parts)).toContain(token);
});

test("what tells a name from its like is not cut off", () => {
  expect(shortName("“internationalisation” (word 31)", 12)).toBe("“inter…tion” (word 31)");
  expect(shortName("encoder/layer_0/self · head 3", 12)).toBe("encode…/self · head 3");
  expect(shortName("short", 12)).toBe("short");
  // Two code units are one character.
  expect([...shortName("🦊".repeat(20), 12)].length).toBe(12);
});

test("numbers are never shortened, however narrow it is", () => {
  const parts = [named("y".repeat(80)), strong(": 0.123456")];
  expect(shown(fitSentence(parts, 20, widthOf).parts)).toMatch(/: 0\.123456$/);
});

test("every kind says what its maps are called and what they do", () => {
  expect(
    ["self", "cross", "local", "gate", "activation", "router"].map((kind) => kindWords({ kind } as never).verb),
  ).toEqual(["looks at", "looks at", "looks at", "lets through", "responds to", "is sent to"]);
  expect(kindWords({ kind: "gate" }).past).toBe("What the gate let through");
  expect(kindWords({ kind: "activation" }).past).not.toMatch(/look|attention/i);
  expect(countText(1, kindWords({ kind: "gate" }))).toBe("1 gate");
  expect(countText(1200, kindWords(null))).toBe("1,200 heads");
});

test("maps of several kinds are called by all of them", () => {
  expect(kindsText([{ kind: "self" }, { kind: "cross" }])).toBe("heads");
  expect(kindsText([{ kind: "self" }, { kind: "gate" }])).toBe("heads and gates");
  expect(kindsText([{ kind: "activation" }], 1)).toBe("activation");
  expect(listText(["a", "b", "c"])).toBe("a, b and c");
});
