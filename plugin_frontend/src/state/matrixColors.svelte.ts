/** What the cells of the matrices are as colours: the matrix on the screen and the film are painted alike, on one scale. */
import type { NumberArray } from "../api/npy";
import { makeScale, roundTop, type ColorScale } from "../color/scale";
import { binned } from "../model/confusionOrder";
import { cellMap, largestAmount, unitValues } from "../model/confusionValues";
import type { AttentionMap } from "../model/maps";
import type { Slot } from "../model/timeline";
import type { DisplayedMatrix } from "./displayedMatrix.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

interface ColoredMatrix {
  /** The unit, the diagonal and the bins. */
  key: string;
  map: AttentionMap;
  largest: number;
}

export class MatrixColors {
  #known = new WeakMap<NumberArray, ColoredMatrix>();
  readonly #options = $derived.by(() => this.store.choices.options.values);
  readonly #key = $derived.by(() => {
    const { cells, diagonal } = this.#options;
    return `${cells} ${diagonal} ${this.of.bins.map((bin) => bin.group ?? bin.classes[0]).join()}`;
  });

  constructor(
    readonly store: SampleSelection,
    readonly of: DisplayedMatrix,
  ) {}

  /** The matrix of a slot in the unit and the order that are chosen; null where it has not come or has other classes. */
  map(slot: Slot | null): AttentionMap | null {
    return this.#colored(slot)?.map ?? null;
  }

  /** The matrix on the screen, which has another threshold while one is tried. */
  readonly shown: AttentionMap | null = $derived.by(() => {
    const { shown } = this.of;
    const { cells, diagonal } = this.#options;
    return shown && cellMap(unitValues(shown, cells), shown.classes, diagonal);
  });

  /** Up to the largest cell that is coloured, of all steps that have come or of the step on the screen: nothing is clipped. */
  readonly scale: ColorScale = $derived.by(() => {
    void this.of.frames.fetched;
    const { cells, shade, reach } = this.#options;
    const others = reach === "run" ? this.store.matrixSlots.map((slot) => this.#colored(slot)?.largest ?? 0) : [];
    const largest = others.reduce((a, b) => Math.max(a, b), this.shown ? largestAmount(this.shown) : 0);
    const top = cells === "count" && !this.of.weighted ? Math.max(1, roundTop(largest)) : roundTop(largest);
    return makeScale(this.store.ramp, this.store.dark, top, false, shade);
  });

  #colored(slot: Slot | null): ColoredMatrix | null {
    const array = this.of.frames.peek(slot);
    const classes = array?.shape[0] ?? 0;
    if (!array || classes !== this.of.stored?.classes) return null;
    let colored = this.#known.get(array.data);
    if (colored?.key !== this.#key) {
      const { cells, diagonal } = this.#options;
      const matrix = binned({ classes, counts: array.data, weighted: false }, this.of.bins);
      const map = cellMap(unitValues(matrix, cells), matrix.classes, diagonal);
      colored = { key: this.#key, map, largest: largestAmount(map) };
      this.#known.set(array.data, colored);
    }
    return colored;
  }
}
