import { expect, test } from "vitest";
import type { Sample } from "../src/api/wire";
import {
  cleanTag,
  LONGEST_NOTE,
  mergedNotes,
  MOST_TAGS,
  notesFile,
  notesText,
  readNotes,
  readNotesFile,
  tagCounts,
  withNote,
  type SampleNotes,
} from "../src/model/sampleNotes";
import { NO_FILTER, passes } from "../src/model/samples";

const NOTES: SampleNotes = new Map([
  ["a", { tags: ["hard", "blurred"], note: "<b>why?</b>\nlook again" }],
  ["__proto__", { tags: ["hard"], note: "" }],
]);

test("notes come back from what is kept and from a file as they were", () => {
  expect(readNotes(notesText(NOTES))).toEqual(NOTES);
  const runs = new Map([["run/1", NOTES], ["__proto__", NOTES]] as const); // prettier-ignore
  expect(readNotesFile(notesFile(runs))).toEqual(runs);
  expect(({} as Record<string, unknown>).tags).toBeUndefined();
});

test.each([
  ["no JSON", "The file is not JSON."],
  ["[]", "The file holds no notes of samples."],
  ["null", "The file holds no notes of samples."],
  ['{"content": "another"}', "The file holds no notes of samples."],
  ['{"content": "tb_attention sample notes", "schema": 2}', "The file was written by a newer version of the tab."],
  ['{"content": "tb_attention sample notes", "schema": 1, "runs": []}', "The file names no runs."],
  [
    '{"content": "tb_attention sample notes", "schema": 1, "runs": {"r": [1]}}',
    "Notes must be given by the ids of samples.",
  ],
  ...['{"tags": "hard"}', '{"tags": [1]}', '{"note": {}}', "7", "null"].map((entry) => [
    `{"content": "tb_attention sample notes", "schema": 1, "runs": {"r": {"a": ${entry}}}}`,
    'The note of sample "a" must have tags and a note, which are texts.',
  ]),
])("%s is refused with a sentence", (text, message) => {
  expect(() => readNotesFile(text!)).toThrow(message);
});

test("a file may not be without end: tags and notes are cut", () => {
  const tags = Array.from({ length: 99 }, (_, i) => `tag ${i}`);
  const note = readNotes(JSON.stringify({ a: { tags: [...tags, "x".repeat(999)], note: "y".repeat(1e5) } })).get("a")!;
  expect([note.tags.length, note.note.length]).toEqual([MOST_TAGS, LONGEST_NOTE]);
});

test("a tag is one line without commas and spaces around it", () => {
  expect([" very,  hard\n", "   ", "😀".repeat(99)].map(cleanTag)).toEqual(["very hard", "", "😀".repeat(40)]);
});

test("an empty note is taken out, a tag comes once", () => {
  expect(withNote(NOTES, "a", { tags: [], note: " " }).has("a")).toBe(false);
  expect(withNote(NOTES, "b", { tags: ["x", " x"], note: "" }).get("b")).toEqual({ tags: ["x"], note: "" });
  expect(NOTES.size).toBe(2);
});

test("tags are counted, the most frequent first", () => {
  expect(tagCounts(NOTES)).toEqual([
    ["hard", 2],
    ["blurred", 1],
  ]);
});

test("an import adds and takes nothing away, however often it is read", () => {
  const added: SampleNotes = new Map([
    ["a", { tags: ["new"], note: "other" }],
    ["c", { tags: [], note: "only here" }],
  ]);
  const once = mergedNotes(NOTES, added);
  expect(once.get("a")).toEqual({ tags: ["hard", "blurred", "new"], note: "<b>why?</b>\nlook again\n\nother" });
  expect(once.get("c")?.note).toBe("only here");
  expect(mergedNotes(once, added)).toEqual(once);
});

test("samples are found by their tag, and by words of tags and notes", () => {
  const sample: Sample = { id: "a", label: null, inputs: [] };
  const note = NOTES.get("a")!;
  const by = (changes: object) => passes({ ...NO_FILTER, ...changes }, sample, null, null, note);
  expect([by({ tag: "hard" }), by({ tag: "har" }), by({ text: "AGAIN" }), by({ text: "blur" })]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(passes({ ...NO_FILTER, tag: "hard" }, sample, null, null)).toBe(false);
});
