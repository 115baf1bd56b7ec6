/** How the views draw: closed sets, the first of each being the default. They stand in the address, as the choices do. */
import { AVERAGES } from "../model/averages";
import type { LinkState } from "../host/link";
import { HEAD_KINDS } from "../model/headKinds";

const SETS = {
  /** Over which samples maps and measures are averaged. */
  average: AVERAGES,
  /** How Head draws the map. */
  mode: ["matrix", "lines", "rows"],
  /** Over which heads, and over which layers, Sample reads. */
  heads: ["one", "mean", "max"],
  layers: ["one", "mean", "max"],
  /** What the chosen query looks at, or what all queries look at on average. */
  words: ["look", "looked"],
  /** Along what the strip below the sample goes. */
  strip: ["epochs", "layers", "heads"],
  /** Whether special tokens and sinks are left out and the rest made to sum to 1. */
  hide: ["no", "yes"],
  /** Whether positions that only fill up shorter samples are drawn. */
  padding: ["hidden", "shown"],
  /** Whether words that were cut into pieces are read as words. */
  pieces: ["pieces", "words"],
  /** What a colour is relative to: nothing, the largest weight of the row, or that of the map; or that it is the deviation of an average. */
  norm: ["no", "row", "matrix", "deviation"],
  curve: ["sqrt", "log"],
  /** Which lines Head draws. */
  links: [
    "top100",
    "top20",
    "top50",
    "top300",
    "top1000",
    "above0.02",
    "above0.05",
    "above0.1",
    "above0.2",
    "above0.5",
  ],
  /** In which order the bars of a gate stand in Head. */
  bars: ["value", "model", "change", "class"],
  /** Of the means of a gate by class: the values, or how far they lie above those of the other classes. */
  means: ["value", "above"],
  tint: ["patch", "smooth"],
  /** Which picture is shown beside the map, where the model makes one: by itself that of each iteration, else the input. */
  picture: ["auto", "input", "output"],
  /** What the full tint of a picture stands for. */
  full: ["row", "quantile", "steps"],
  /** In which order Samples lists them, and whether only those that changed since the last step. */
  sort: ["index", "label", "probability", "loss", "moved"],
  since: ["all", "changed"],
  /** Whether Samples ranks the words of the listed samples: and by what (`KeywordOrder`). */
  keywords: ["no", "share", "use", "lead"],
  /** What the Overview draws of a head, and in which order. */
  color: ["maps", "measure", "kind"],
  order: ["model", "measure"],
  /** The kind of heads that stands out there. */
  only: ["all", ...HEAD_KINDS],
  /** What the cells of a confusion matrix are, how they are coloured, and in which order the classes stand (by itself: in the groups of the log where classes are many). */
  cells: ["count", "row", "column", "all"],
  shade: ["sqrt", "linear", "log"],
  diagonal: ["dimmed", "hidden", "coloured"],
  /** Whether their scale reaches to the largest cell of all steps, or of the step that is shown. */
  reach: ["run", "step"],
  classes: ["auto", "given", "similarity", "groups", "support", "recall"],
  /** What a matrix is compared with. */
  against: ["nothing", "step", "split", "run"],
  /** By which measure heads are compared, in all views. */
  measure: ["entropy", "largest", "distance", "first", "self", "previous", "change"],
  /** What the cells of Epochs are coloured by. */
  epochs: ["measure", "kind"],
  /** In what the two sides of a comparison differ. */
  compare: ["steps", "runs", "heads", "samples"],
  /** Which step of each run the Runs view shows: that of the same epoch, its best, its newest. */
  runsAt: ["same", "best", "newest"],
} as const;

type Sets = typeof SETS;
export type OptionName = keyof Sets;
export type OptionValues = { -readonly [Name in OptionName]: Sets[Name][number] };

const NAMES = Object.keys(SETS) as OptionName[];

function defaults(): OptionValues {
  return Object.fromEntries(NAMES.map((name) => [name, SETS[name][0]])) as OptionValues;
}

export class Options {
  readonly values: OptionValues = $state(defaults());

  /** Takes the options of an address; what is missing or unknown is at its default. */
  take(link: LinkState): void {
    for (const name of NAMES) {
      const known: readonly string[] = SETS[name];
      const value = known.includes(link[name] ?? "") ? link[name] : known[0];
      Object.assign(this.values, { [name]: value });
    }
    // Links of earlier versions name the measure where they say that it is used.
    const measures: readonly string[] = SETS.measure;
    for (const name of ["color", "order"] as const) {
      if (measures.includes(link[name] ?? "")) Object.assign(this.values, { [name]: "measure", measure: link[name] });
    }
  }

  /** Those that are not at their default. */
  link(): LinkState {
    return Object.fromEntries(
      NAMES.filter((name) => this.values[name] !== SETS[name][0]).map((name) => [name, this.values[name]]),
    );
  }
}
