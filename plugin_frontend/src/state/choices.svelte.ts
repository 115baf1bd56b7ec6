/** What the user chose, as it stands in the address. A null means: whatever is first, newest or usual. */
import { readLink, writeLink, onLinkChanged, type LinkState } from "../host/link";
import type { Step } from "../api/wire";
import { NO_FILTER, type SampleFilter } from "../model/samples";
import { Options } from "./options.svelte";

export const VIEWS = ["overview", "head", "sample", "samples", "confusion", "epochs", "compare", "runs"] as const;
export type View = (typeof VIEWS)[number];

/** What the user looks at: a change of it is an entry of the browser's history. How it is drawn is none. */
const PLACES = [
  ...["run", "tag", "attempt", "matrices", "view", "site", "head", "sample"],
  ...["step", "versus", "versusRun", "versusSite", "versusHead", "versusSample"],
];

function integer(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

function names(text: string | undefined): string[] {
  try {
    return (text ?? "").split(",").filter(Boolean).map(decodeURIComponent);
  } catch {
    return [];
  }
}

export class Choices {
  run = $state.raw<string | null>(null);
  tag = $state.raw<string | null>(null);
  /** The tag of a series of matrices; null for that of the maps. */
  matrices = $state.raw<string | null>(null);
  /** Of the matrices: "validation", "training"; and the kept cell, as "6.0" for class 6 taken for class 0. */
  split = $state.raw<string | null>(null);
  cell = $state.raw<string | null>(null);
  /** Which groups of classes are folded, as `foldedText` writes it; null for those that are folded at first. */
  folded = $state.raw<string | null>(null);
  attempt = $state.raw<number | null>(null);
  /** null: follow the newest step. */
  step = $state.raw<Step | null>(null);
  /** The id of a sample, not its index: runs agree on ids. */
  sample = $state.raw<string | null>(null);
  site = $state.raw<string | null>(null);
  head = $state.raw<number | null>(null);
  view = $state.raw<View | null>(null);
  query = $state.raw<number | null>(null);
  /** The key whose column Head shows, in place of the row of the query. */
  key = $state.raw<number | null>(null);
  /** Of a layer whose maps are computed several times, or in windows: which; null for the first. */
  iteration = $state.raw<number | null>(null);
  /** Of a grid of three dimensions or a video: the slice; null for the middle one. */
  slice = $state.raw<number | null>(null);
  window = $state.raw<number | null>(null);
  /** What the chosen step is compared with: another step, of another run if one is named. */
  versus = $state.raw<Step | null>(null);
  versusRun = $state.raw<string | null>(null);
  /** The layer, the head and the sample that the chosen ones are compared with. */
  versusSite = $state.raw<string | null>(null);
  versusHead = $state.raw<number | null>(null);
  versusSample = $state.raw<string | null>(null);
  /** Other heads of the site that are drawn with the chosen one. */
  also = $state.raw<number[]>([]);
  /** The runs that are drawn beside the one in focus; null while none was chosen or let go. */
  runs = $state.raw<string[] | null>(null);
  /** By what the list of runs is grouped, as `readGrouping` reads it. */
  groupRuns = $state.raw<string | null>(null);
  /** Which of its groups are folded, as `foldedRunsText` writes it, and how it is ordered, as `runOrderText` does. */
  foldedRuns = $state.raw<string | null>(null);
  orderRuns = $state.raw<string | null>(null);
  /** How many of the best runs are chosen at once; null for the usual number. */
  bestRuns = $state.raw<number | null>(null);
  /** The word that is looked for in the samples. */
  word = $state("");
  /** Which samples are listed. Tags are in the browser only, so they are in no address. */
  filter = $state.raw<SampleFilter>(NO_FILTER);
  readonly options = new Options();

  constructor() {
    this.#take(readLink());
    onLinkChanged((state) => this.#take(state));
  }

  #take(state: LinkState): void {
    this.run = state.run ?? null;
    this.tag = state.tag ?? null;
    this.matrices = state.matrices ?? null;
    this.split = state.split ?? null;
    this.cell = /^\d{1,6}\.\d{1,6}$/.test(state.cell ?? "") ? (state.cell ?? null) : null;
    this.folded = state.folded ?? null;
    this.attempt = integer(state.attempt);
    this.step = state.step === "init" ? "init" : integer(state.step);
    this.sample = state.sample ?? null;
    this.site = state.site ?? null;
    this.head = integer(state.head);
    this.view = VIEWS.find((view) => view === state.view) ?? null;
    this.query = integer(state.query);
    this.key = integer(state.key);
    this.iteration = integer(state.iteration);
    this.slice = integer(state.slice);
    this.window = integer(state.window);
    this.versus = state.versus === "init" ? "init" : integer(state.versus);
    this.versusRun = state.versusRun ?? null;
    this.versusSite = state.versusSite ?? null;
    this.versusHead = integer(state.versusHead);
    this.versusSample = state.versusSample ?? null;
    this.also = (state.also ?? "").split(",").flatMap((part) => integer(part) ?? []);
    this.runs = state.runs === undefined ? null : names(state.runs);
    this.groupRuns = state.groupRuns ?? null;
    this.foldedRuns = state.foldedRuns ?? null;
    this.orderRuns = state.orderRuns ?? null;
    this.bestRuns = integer(state.bestRuns);
    this.word = state.word ?? "";
    const verdict = state.verdict === "right" || state.verdict === "wrong" ? state.verdict : "all";
    const [label, prediction] = [integer(state.label), integer(state.prediction)];
    this.filter = { ...NO_FILTER, text: state.filter ?? "", verdict, label, prediction };
    this.options.take(state);
  }

  /** Writes what is chosen to the address; defaults are left out. */
  save(): void {
    const state: LinkState = {};
    const choices: [string, string | number | null][] = [
      ["run", this.run],
      ["tag", this.tag],
      ["matrices", this.matrices],
      ["split", this.split],
      ["cell", this.cell],
      ["folded", this.folded],
      ["attempt", this.attempt],
      ["step", this.step],
      ["sample", this.sample],
      ["site", this.site],
      ["head", this.head],
      ["view", this.view],
      ["query", this.query],
      ["key", this.key],
      ["iteration", this.iteration],
      ["slice", this.slice],
      ["window", this.window],
      ["versus", this.versus],
      ["versusRun", this.versusRun],
      ["versusSite", this.versusSite],
      ["versusHead", this.versusHead],
      ["versusSample", this.versusSample],
      ["groupRuns", this.groupRuns],
      ["foldedRuns", this.foldedRuns],
      ["orderRuns", this.orderRuns],
      ["bestRuns", this.bestRuns],
      ["word", this.word || null],
      ["filter", this.filter.text || null],
      ["verdict", this.filter.verdict === "all" ? null : this.filter.verdict],
      ["label", this.filter.label],
      ["prediction", this.filter.prediction],
      ["also", this.also.length ? this.also.join(",") : null],
      // Names of runs are paths, which may hold commas.
      ["runs", this.runs && this.runs.map(encodeURIComponent).join(",")],
    ];
    for (const [key, value] of choices) if (value !== null) state[key] = String(value);
    writeLink({ ...state, ...this.options.link() }, PLACES);
  }
}
