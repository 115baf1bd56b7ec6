/** Lines over the steps: cells, and the recall, precision or F1 of classes; those pinned stay when another cell is kept. */
import { cellText } from "../model/sentences";
import { address } from "../api/client";
import type { NpyArray } from "../api/npy";
import { sameCell, type Cell } from "../model/confusion";
import { mirrorOf } from "../model/confusionRanking";
import { score } from "../model/confusionScores";
import { Resource } from "./resource.svelte";
import type { DisplayedMatrix } from "./displayedMatrix.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export type ScoreName = "recall" | "precision" | "f1";
export type HistoryItem = ({ kind: "cell" } & Cell) | { kind: ScoreName; index: number };

export const sameItem = (a: HistoryItem, b: HistoryItem): boolean => JSON.stringify(a) === JSON.stringify(b);
export const cellItem = ({ truth, predicted }: Cell): HistoryItem => ({ kind: "cell", truth, predicted });

/** A drawn line: its values, one for each slot of the timeline; NaN where there is none. */
export interface HistoryLine {
  item: HistoryItem;
  name: string;
  values: number[];
  pinned: boolean;
}

/** More lines than this cannot be distinguished. */
export const MOST_LINES = 6;

export class ConfusionHistory {
  pinned = $state.raw<HistoryItem[]>([]);
  readonly #cells = new Resource<NpyArray>();
  readonly #classes = new Resource<NpyArray>();

  constructor(
    readonly store: SampleSelection,
    readonly of: DisplayedMatrix,
  ) {}

  /** The kept cell and its mirror first, then what was pinned. */
  readonly items: HistoryItem[] = $derived.by(() => {
    const kept = this.store.keptCell;
    const own = !kept ? [] : kept.truth === kept.predicted ? [kept] : [kept, mirrorOf(kept)];
    const first = own.map(cellItem);
    return [...first, ...this.pinned.filter((item) => !first.some((other) => sameItem(item, other)))];
  });
  readonly #asked: Cell[] = $derived.by(() =>
    this.items.flatMap((item) => (item.kind === "cell" ? [{ truth: item.truth, predicted: item.predicted }] : [])),
  );
  /** The matrices of all steps, if they have come: any cell can then be followed without asking. */
  readonly #frames: (NpyArray | null)[] | null = $derived.by(() => {
    void this.of.frames.fetched;
    const { matrixSlots } = this.store;
    const frames = matrixSlots.map((slot) => (slot?.record ? this.of.frames.peek(slot) : null));
    return frames.every((frame, i) => frame !== null || !matrixSlots[i]?.record) ? frames : null;
  });
  /** For each slot of the timeline the index of its step in the series; -1 for none. */
  readonly #steps: number[] = $derived.by(() => {
    const indices = new Map(this.store.matrices?.steps.map((record, index) => [record, index]));
    return this.store.matrixSlots.map((slot) => (slot?.record ? (indices.get(slot.record) ?? -1) : -1));
  });

  /** Counts of a cell at each slot; null while they are not known. */
  cellValues(cell: Cell): number[] | null {
    if (this.#frames) {
      return this.#frames.map((frame) => {
        const classes = frame?.shape[0] ?? 0;
        return frame && Math.max(cell.truth, cell.predicted) < classes
          ? (frame.data[cell.truth * classes + cell.predicted] ?? NaN)
          : NaN;
      });
    }
    const array = this.#cells.value;
    const column = this.#asked.findIndex((asked) => sameCell(asked, cell));
    const width = array?.shape[1] ?? 0;
    if (!array || column < 0 || width !== this.#asked.length) return null;
    return this.#steps.map((step) => (step < 0 ? NaN : (array.data[step * width + column] ?? NaN)));
  }

  #scoreValues(kind: ScoreName, index: number): number[] | null {
    const array = this.#classes.value;
    const classes = array?.shape[1] ?? 0;
    if (!array || index >= classes) return null;
    return this.#steps.map((step) => {
      if (step < 0) return NaN;
      const at = 3 * (step * classes + index);
      const [right = NaN, support = NaN, called = NaN] = array.data.subarray(at, at + 3);
      return score(index, right, support, called)[kind];
    });
  }

  readonly lines: HistoryLine[] = $derived.by(() =>
    this.items.flatMap((item) => {
      const values = item.kind === "cell" ? this.cellValues(item) : this.#scoreValues(item.kind, item.index);
      if (!values) return [];
      return [{ item, name: this.nameOf(item), values, pinned: this.isPinned(item) }];
    }),
  );

  nameOf(item: HistoryItem): string {
    const { name } = this.of;
    if (item.kind === "cell") return cellText(name(item.truth), name(item.predicted));
    return `${item.kind === "f1" ? "F1" : item.kind} of ${name(item.index)}`;
  }

  isPinned(item: HistoryItem): boolean {
    return this.pinned.some((other) => sameItem(item, other));
  }

  toggle(item: HistoryItem): void {
    this.pinned = this.isPinned(item)
      ? this.pinned.filter((other) => !sameItem(item, other))
      : [...this.pinned, item].slice(-MOST_LINES);
  }

  /** Asks for what is drawn and not known; to be called in an effect of the view. */
  want(): void {
    const { matricesName, matrices, server } = this.store;
    const { split } = this.of;
    if (!matricesName || !matrices || !split) return;
    const params = { ...matricesName, split, v: matrices.version };
    const fetch = (url: string, signal: AbortSignal) => server.client.array(url, signal);
    if (this.#frames || !this.#asked.length) this.#cells.clear();
    else {
      const cells = this.#asked.map((cell) => `${cell.truth}.${cell.predicted}`).join(",");
      this.#cells.want(address("history", { ...params, cells }), fetch);
    }
    if (this.items.some((item) => item.kind !== "cell")) this.#classes.want(address("history", params), fetch);
  }

  clear(): void {
    this.#cells.clear();
    this.#classes.clear();
    this.pinned = [];
  }
}
