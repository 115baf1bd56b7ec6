/** Tags and notes of the samples of each run, kept by this browser: by log directory, run and id of the sample. */
import { store, stored, whenStored } from "../host/storage";
import {
  mergedNotes,
  NO_NOTE,
  notesFile,
  notesText,
  readNotes,
  readNotesFile,
  tagCounts,
  withNote,
  type SampleNote,
  type SampleNotes,
} from "../model/sampleNotes";
import type { Selection } from "./selection.svelte";

const REFUSED =
  "The browser keeps no notes (a private window, or its storage is full): they last until this page is closed. Export them to keep them.";

export class Notes {
  /** Why notes will not last, in a sentence; null if they do. */
  problem = $state<string | null>(null);
  /** What was read or written here, by key: it is there even where the browser keeps nothing. */
  readonly #known = new Map<string, SampleNotes>();
  #version = $state(0);

  /** Of the run in focus. */
  readonly ofRun: SampleNotes = $derived.by(() => {
    void this.#version;
    return this.#read(this.of.run?.run ?? "");
  });
  readonly tags = $derived(tagCounts(this.ofRun));

  constructor(readonly of: Selection) {
    whenStored((key) => {
      if (key === null) this.#known.clear();
      else this.#known.delete(key);
      this.#version++;
    });
  }

  ofSample(id: string): SampleNote {
    return this.ofRun.get(id) ?? NO_NOTE;
  }

  set(id: string, note: SampleNote): void {
    this.#write(this.of.run?.run ?? "", withNote(this.ofRun, id, note));
  }

  /** The file with the notes of all runs of the log directory. */
  exported(): string {
    const runs = (this.of.server.runs?.runs ?? []).map(({ run }) => [run, this.#read(run)] as const);
    return notesFile(new Map(runs.filter(([, notes]) => notes.size)));
  }

  /** Adds the notes of a file to those that are there; returns what was read, in a sentence. Throws where it is no such file. */
  import(text: string): string {
    const runs = readNotesFile(text);
    for (const [run, notes] of runs) this.#write(run, mergedNotes(this.#read(run), notes));
    const samples = [...runs.values()].reduce((sum, notes) => sum + notes.size, 0);
    const unknown = [...runs.keys()].filter((run) => !this.of.server.runs?.runs.some((other) => other.run === run));
    const elsewhere = unknown.length ? ` This log has no run ${unknown.slice(0, 3).join(", ")}.` : "";
    return `Notes of ${samples} ${samples === 1 ? "sample" : "samples"} were read.${elsewhere}`;
  }

  #key(run: string): string {
    return `tb_attention notes: ${this.of.server.runs?.logdir ?? ""}: ${run}`;
  }

  #read(run: string): SampleNotes {
    const key = this.#key(run);
    let notes = this.#known.get(key);
    if (!notes) {
      try {
        notes = readNotes(stored(key) ?? "{}");
      } catch {
        notes = new Map<string, SampleNote>();
      }
      this.#known.set(key, notes);
    }
    return notes;
  }

  #write(run: string, notes: SampleNotes): void {
    const key = this.#key(run);
    this.#known.set(key, notes);
    this.problem = store(key, notes.size ? notesText(notes) : null) ? null : REFUSED;
    this.#version++;
  }
}
