/** Tags and notes that a person gives samples: their text, and the file in which they are passed on. */

export interface SampleNote {
  tags: readonly string[];
  note: string;
}

/** By the id of the sample. */
export type SampleNotes = ReadonlyMap<string, SampleNote>;

export const NO_NOTE: SampleNote = { tags: [], note: "" };
export const [LONGEST_TAG, LONGEST_NOTE, MOST_TAGS] = [40, 10_000, 20] as const;
/** A file may be written by anyone: so many samples it may name, in all runs. */
const MOST_SAMPLES = 100_000;
const CONTENT = "tb_attention sample notes";

/** A tag as it is kept: one line without spaces around it; "" where nothing is left. */
export function cleanTag(text: string): string {
  return [...text.replace(/[\s,]+/gu, " ").trim()].slice(0, LONGEST_TAG).join("").trim();
}

const isEmpty = ({ tags, note }: SampleNote): boolean => !tags.length && !note.trim();

/** The notes with another one for a sample; an empty one is taken out. */
export function withNote(notes: SampleNotes, id: string, note: SampleNote): SampleNotes {
  const changed = new Map(notes);
  if (isEmpty(note)) changed.delete(id);
  else changed.set(id, { tags: tidy(note.tags), note: note.note.slice(0, LONGEST_NOTE) });
  return changed;
}

const tidy = (tags: readonly string[]) => [...new Set(tags.map(cleanTag).filter(Boolean))].slice(0, MOST_TAGS);

/** All tags, the most frequent first, with how many samples have them. */
export function tagCounts(notes: SampleNotes): [string, number][] {
  const counts = new Map<string, number>();
  for (const { tags } of notes.values()) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}

/** Both together: the tags of both, and the texts of both where they differ. */
export function mergedNotes(kept: SampleNotes, added: SampleNotes): SampleNotes {
  let all = kept;
  for (const [id, { tags, note }] of added) {
    const here = kept.get(id) ?? NO_NOTE;
    const texts = here.note.includes(note) ? [here.note] : note.includes(here.note) ? [note] : [here.note, note];
    all = withNote(all, id, { tags: [...here.tags, ...tags], note: texts.join("\n\n") });
  }
  return all;
}

/** What is kept of one run, as JSON. */
export function notesText(notes: SampleNotes): string {
  return JSON.stringify(Object.fromEntries(notes));
}

/** What `notesText` wrote; throws with a sentence where it is something else. */
export function readNotes(text: string): SampleNotes {
  return notesOf(parsed(text));
}

/** The file of the notes of some runs. */
export function notesFile(runs: ReadonlyMap<string, SampleNotes>): string {
  const byRun = Object.fromEntries([...runs].map(([run, notes]) => [run, Object.fromEntries(notes)]));
  return `${JSON.stringify({ content: CONTENT, schema: 1, runs: byRun }, null, 1)}\n`;
}

/** The notes in such a file, by run; throws with a sentence where it is none. */
export function readNotesFile(text: string): Map<string, SampleNotes> {
  const file = parsed(text);
  if (!isObject(file) || file.content !== CONTENT) throw new Error("The file holds no notes of samples.");
  if (file.schema !== 1) throw new Error("The file was written by a newer version of the tab.");
  if (!isObject(file.runs)) throw new Error("The file names no runs.");
  const runs = new Map(Object.entries(file.runs).map(([run, notes]) => [run, notesOf(notes)]));
  const samples = [...runs.values()].reduce((sum, notes) => sum + notes.size, 0);
  if (samples > MOST_SAMPLES) throw new Error(`The file has notes of more than ${MOST_SAMPLES} samples.`);
  return runs;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The file is not JSON.");
  }
}

function notesOf(value: unknown): SampleNotes {
  if (!isObject(value)) throw new Error("Notes must be given by the ids of samples.");
  const notes = new Map<string, SampleNote>();
  for (const [id, entry] of Object.entries(value)) {
    const { tags = [], note = "" } = isObject(entry) ? entry : { tags: null };
    if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string") || typeof note !== "string")
      throw new Error(
        `The note of sample ${JSON.stringify(id.slice(0, 80))} must have tags and a note, which are texts.`,
      );
    const tidied = { tags: tidy(tags as string[]), note: note.slice(0, LONGEST_NOTE) };
    if (!isEmpty(tidied)) notes.set(id, tidied);
  }
  return notes;
}
