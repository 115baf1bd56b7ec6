/** The row of the query over steps, through layers or for all heads: a line each, below the sample. */
import { tintColor, type TintScale } from "../../color/tint";
import { drawTinted } from "../../draw/patches";
import { themeColors } from "../../host/colors";
import type { FrameDrawing } from "../../model/filmFrame";
import { siteNames } from "../../model/heads";
import { weightText } from "../../model/ranking";
import { thinned, type Thinned } from "../../model/thinned";
import type { Slot } from "../../model/timeline";
import type { Store } from "../../state/store.svelte";
import { linesOverSteps, type Line } from "../head/lines";
import type { SampleReading } from "./sampleReading.svelte";

export const STRIPS = { epochs: "over epochs", layers: "over layers", heads: "over heads" } as const;
const LINE_NAMES = { epochs: "step", layers: "layer", heads: "head" } as const;
const MOST = 20;
/** As many lines, and as many pictures, as are seen at once. */
const [MOST_LINES, MOST_PICTURES] = [55, 40];

export class SampleRows {
  readonly store: Store;
  readonly strip = $derived.by(() => {
    const { strip } = this.reading.options;
    return this.strips.some(([name]) => name === strip) ? strip : (this.strips[0]?.[0] ?? strip);
  });
  /** The examples of cells are others at every step, and so is what moves: they have no row over steps. */
  readonly hasSteps = $derived.by(() => !this.store.showsExamples && !this.reading.moves && this.reading.single);
  readonly strips = $derived.by(() =>
    (Object.keys(STRIPS) as (keyof typeof STRIPS)[])
      .filter((name) => name !== "epochs" || this.hasSteps)
      // Beside a picture all heads are shown anyway.
      .filter((name) => name !== "heads" || (this.reading.headCount > 1 && !this.pictured))
      .filter((name) => name !== "layers" || (this.store.sites.length > 1 && this.reading.single))
      .map((name) => [name, STRIPS[name]] as const),
  );
  /** Whether the sample is one picture that is query and key. */
  readonly pictured = $derived.by(() => this.reading.same && this.reading.lies(this.reading.keys));
  /** Whether its keys lie in the picture, which the line then tints. */
  readonly tinted = $derived.by(() => this.reading.lies(this.reading.keys));
  /** A line for each head of the layer. */
  readonly heads: Line[] = $derived.by(() => this.#heads());
  /** What one line is. */
  readonly lineName = $derived(LINE_NAMES[this.strip]);
  readonly lines: Line[] = $derived.by(() => {
    if (this.strip === "heads") return this.heads;
    return this.strip === "layers" ? this.#layers() : linesOverSteps(this.store, this.reading.stepLines);
  });
  readonly drawn: Thinned<Line> = $derived.by(() => thinned(this.lines, MOST_LINES, (line) => line.shown));
  readonly pictures: Thinned<Line> = $derived.by(() => thinned(this.lines, MOST_PICTURES, (line) => line.shown));
  /** The scale of the tints in the film, one for all steps; null where the film shows maps. */
  readonly filmTint: TintScale | null = $derived.by(() => {
    const { keys, options, stepLines } = this.reading;
    // What the model made is another picture at each step.
    const picture = keys?.graph || !this.store.showsMade ? this.reading.pictureOf(keys) : null;
    const drawn = picture && this.hasSteps && keys && this.tinted && stepLines.length && options.layers === "one";
    return drawn ? this.reading.tintOf(stepLines, `the largest ${STRIPS.epochs}`) : null;
  });
  /** Draws the picture of a step in the film, tinted as it is in the view; null where the view shows no picture, or no step's row. */
  readonly film: ((slot: Slot) => FrameDrawing | null) | null = $derived.by(() => {
    const { reading, store } = this;
    const { keys, percent, stepLines } = reading;
    const picture = reading.pictureOf(keys);
    if (!picture || !keys || !this.filmTint) return null;
    const { full } = this.filmTint;
    const old = store.data.rows.steps.pending || store.picture.pending || store.arrays.weights.pending;
    const tint = { rgb: tintColor(store.dark), full, opacity: percent / 100, from: reading.from };
    return (slot) => {
      // Until the rows of another query or sample have come, there is nothing that belongs to this picture.
      const values = old ? undefined : stepLines[store.stepIndex(slot)];
      return values
        ? (context, within) => drawTinted(context, picture, keys, { ...tint, values }, themeColors(), within)
        : null;
    };
  });
  /** The line at the step before; null where it is not known. */
  readonly before = $derived.by(() => {
    const { options, preview, stepLines } = this.reading;
    if (options.layers !== "one" || preview !== null) return null;
    return stepLines[this.store.stepIndex(this.store.previousSlot)] ?? null;
  });

  constructor(readonly reading: SampleReading) {
    this.store = reading.store;
  }

  /** Asks for the rows that are drawn; to be called in an effect. */
  want(): void {
    const { rows } = this.store.data;
    const { keptQueries, options } = this.reading;
    // The strip, a scale over all steps and the film of pictures show the row of every step.
    const steps = this.strip === "epochs" || (this.hasSteps && (options.full === "steps" || this.tinted));
    if (steps) rows.wantSteps(keptQueries);
    if (this.strip === "layers" || options.layers !== "one") rows.wantLayers(keptQueries);
  }

  #heads(): Line[] {
    const { reading, store } = this;
    const { options } = reading;
    return reading.headLines.map((values, head) => ({
      name: `head ${head}`,
      values,
      shown: options.heads === "one" && head === reading.head,
      open: () => {
        options.heads = "one";
        store.showHead(store.siteIndex, head);
      },
    }));
  }

  #layers(): Line[] {
    const { reading, store } = this;
    const { options } = reading;
    const names = siteNames(store.sites);
    return reading.layerLines.map(({ index, values }) => ({
      name: names[index] ?? "",
      values,
      shown: options.layers === "one" && index === store.siteIndex,
      open: () => {
        options.layers = "one";
        store.showHead(index, store.head);
      },
    }));
  }

  /** The largest weights of all lines: line, key, weight. */
  strongest(): string[][] {
    const { keys } = this.reading;
    if (!keys) return [];
    return this.lines
      .flatMap((line) => keys.shown.map((key) => ({ line, key, weight: line.values[key] ?? NaN })))
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, MOST)
      .map(({ line, key, weight }) => [line.name, keys.name(key), weightText(weight)]);
  }
}
