/** What the Sample view reads: which weights of which heads and layers, for which query, as one line along the keys. */
import { kindWords } from "../../model/kindWords";
import type { Site } from "../../api/wire";
import { fitTint, openTint, type TintScale } from "../../color/tint";
import { positionUnder, tintedCells } from "../../draw/patches";
import { graphPicture } from "../../draw/graph";
import { pictureCanvas } from "../../draw/pictureCanvas";
import { hasGateKind } from "../../model/heads";
import { columnOf, hasQueries, LazyMap, mapOf, mapShape, type AttentionMap } from "../../model/maps";
import { meanRow, poolMaps, poolRows } from "../../model/pool";
import { firstPosition, inPicture, positionsOf, sameCells, type Positions } from "../../model/positions";
import { ranked } from "../../model/ranking";
import { renormalise, sinks, specialPositions, withoutPositions } from "../../model/special";
import { sliced } from "../../model/slices";
import { layoutText, type Word } from "../../model/text";
import { placedIn, placesOf, windowUnder } from "../../model/windows";
import type { SiteWeights } from "../../state/mapArrays.svelte";
import type { HeadRows } from "../../state/queryRows.svelte";
import type { Store } from "../../state/store.svelte";

/** Weights up to this many times uniform do not stand out. */
export const NEAR_UNIFORM = 1.2;
/** So many of the strongest have their value written at them. */
const VALUES = 5;

export interface Entry {
  positions: number[];
  weight: number;
  name: string;
  text: string;
}

function wordName(word: Word, axis: Positions): string {
  const first = word.positions[0]!;
  const last = word.positions.at(-1)!;
  return first === last ? axis.name(first) : `“${word.text}” (words ${first}–${last})`;
}

function sameSizes(a: Site, b: Site): boolean {
  const [x, y] = [mapShape(a), mapShape(b)];
  return x.queries === y.queries && x.keys === y.keys && hasQueries(a) === hasQueries(b);
}

export class SampleReading {
  /** The query under the pointer; null for none. */
  preview = $state.raw<number | null>(null);
  /** The key under the pointer. */
  pointed = $state.raw<number | null>(null);

  /** Opacity of the full tint of a picture, in percent. */
  percent = $state(90);

  readonly options = $derived.by(() => this.store.choices.options.values);
  readonly shown: SiteWeights | null = $derived.by(() => this.store.arrays.weights.value);
  readonly site: Site | null = $derived(this.shown?.site ?? null);
  readonly sample = $derived.by(() => (this.shown ? (this.store.samples[this.shown.sample] ?? null) : null));
  /** Whether boxes move with the iterations: they are elsewhere at other steps. */
  readonly moves = $derived(this.site?.axes.some(({ tracks }) => tracks) ?? false);
  readonly gate = $derived(this.site !== null && !hasQueries(this.site));
  readonly picture = $derived.by(() => {
    const picture = this.store.shownPicture;
    // A window covers a part of the picture: `places` says which, where the log has it.
    if (this.site && mapShape(this.site).windows > 1 && this.places?.grid.length !== 2) return null;
    return picture ? pictureCanvas(picture) : null;
  });

  /** Where the windows of the site lie in its feature map, where the log says it. */
  readonly places = $derived(this.site && placesOf(this.site));
  /** Whether the site has one map a head at each step: rows over steps and layers are means over iterations and windows. */
  readonly single = $derived.by(() => {
    const shape = this.site && mapShape(this.site);
    return shape !== null && shape.iterations * shape.windows === 1;
  });
  readonly #allQueries = $derived(this.#positions("query"));
  readonly #allKeys = $derived(this.#positions("key"));
  /** The maps of all heads, as they were stored. */
  readonly #maps: AttentionMap[] = $derived.by(() => {
    const { shown } = this;
    if (!shown) return [];
    const { heads, iterations, windows, queries, keys } = mapShape(shown.site);
    const iteration = Math.min(this.store.iteration, iterations - 1);
    const window = Math.min(this.store.window, windows - 1);
    return Array.from({ length: heads }, (_, head) => {
      const decode = () => mapOf(shown.site, shown.array.data, { head, iteration, window }).weights;
      return new LazyMap(queries, keys, decode);
    });
  });
  readonly #map: AttentionMap | null = $derived.by(() => {
    const { heads } = this.options;
    if (!this.#maps.length) return null;
    return heads === "one" ? (this.#maps[this.head] ?? null) : poolMaps(this.#maps, heads);
  });
  readonly #hidden: number[] = $derived.by(() => {
    const [queries, keys, map] = [this.#allQueries, this.#allKeys, this.#map];
    if (this.options.hide === "no" || this.gate || !map || !queries || !keys) return [];
    return [...specialPositions(keys), ...sinks(map, queries.shown, keys.shown)];
  });
  /** What the head may be called, and what it does. */
  readonly words = $derived.by(() => kindWords(this.site));
  readonly head = $derived.by(() => (this.site ? Math.min(this.store.head, mapShape(this.site).heads - 1) : 0));
  readonly keys: Positions | null = $derived.by(
    () => this.#allKeys && sliced(withoutPositions(this.#allKeys, this.#hidden), this.store.slice),
  );
  readonly queries: Positions | null = $derived.by(() => {
    const all = this.#allQueries;
    const shown = all && this.options.hide === "yes" ? withoutPositions(all, specialPositions(all)) : all;
    return shown && sliced(shown, this.store.slice);
  });
  /** Whether queries and keys are the same positions, so that one picture or text shows both. */
  readonly same = $derived.by(() => {
    const [queries, keys] = [this.queries, this.keys];
    if (!queries || !keys || this.gate) return true;
    return queries.tokens === keys.tokens && queries.size === keys.size && sameCells(queries, keys);
  });

  readonly queryText = $derived(this.#layout(this.queries));
  readonly keyText = $derived(this.#layout(this.#allKeys));

  readonly query: number = $derived.by(() => {
    const shown = this.queries?.shown ?? [];
    const { query } = this.store.choices;
    return query !== null && shown.includes(query) ? query : firstPosition(this.queries);
  });
  /** The query whose row is read, or the one under the pointer. */
  readonly active: number = $derived(this.preview ?? this.query);
  /** Whether the line is what all queries look at on average. */
  readonly average = $derived(!this.gate && this.options.words === "looked");
  readonly activeQueries: number[] = $derived(this.#queriesOf(this.active));
  readonly keptQueries: number[] = $derived(this.#queriesOf(this.query));

  /** The position whose row the line is, where it is one of the keys too: edges of a graph begin there. */
  readonly from: number | null = $derived.by(() => (this.gate || this.average || !this.same ? null : this.active));

  /** The line along the keys that the sample is coloured by. Over layers it waits for the kept query, not for the hovered one. */
  readonly line: Float32Array | null = $derived.by(() => {
    const { layers } = this.options;
    if (layers === "one") return this.#map ? this.#normal(meanRow(this.#map, this.activeQueries)) : null;
    const rows = this.layerLines.map(({ values }) => values);
    return rows.length ? poolRows(rows, layers) : null;
  });

  /** How much each query looks at the key under the pointer, where keys are other positions than queries; else null. */
  readonly column: Float32Array | null = $derived.by(() => {
    const { pointed, options } = this;
    if (pointed === null || this.same || this.average || options.layers !== "one") return null;
    return this.#map && columnOf(this.#map, pointed);
  });
  /** What the full tint of that column stands for. */
  readonly columnFull = $derived(Math.max(1e-9, ...(this.column ?? []).filter(Number.isFinite)));

  /** For every layer of as many queries and keys, the row of the kept query. */
  readonly layerLines: { index: number; values: Float32Array }[] = $derived.by(() => {
    const answer = this.store.data.rows.layers.value;
    if (!answer || !this.site) return [];
    return answer.sites.flatMap((site, index) => {
      const rows = answer.layers[index] ?? [];
      return sameSizes(site, this.site!) ? [{ index, values: this.#normal(this.#ofHeads(rows)) }] : [];
    });
  });
  readonly headCount = $derived.by(() => this.#maps.length);
  readonly headLines: Float32Array[] = $derived.by(() =>
    this.#maps.map((map) => this.#normal(meanRow(map, this.activeQueries))),
  );
  readonly stepLines: Float32Array[] = $derived.by(() => {
    const answer = this.store.data.rows.steps.value;
    if (!answer || answer.site !== this.site?.path) return [];
    return answer.steps.map((rows) => this.#normal(this.#ofHeads(rows)));
  });

  /** What can be looked at, by falling weight: keys, or words of several. */
  readonly entries: Entry[] = $derived.by(() => {
    const { line, keys, keyText } = this;
    if (!line || !keys || !keyText) return [];
    const shown = new Set(keys.shown);
    const entries = keyText.words.flatMap((word) => {
      const positions = word.positions.filter((position) => shown.has(position));
      const weight = positions.reduce((sum, position) => sum + (line[position] ?? NaN), 0);
      return positions.length ? [{ positions, weight, name: wordName(word, keys), text: word.text }] : [];
    });
    const key = ({ weight }: Entry) => (weight === weight ? weight : -Infinity);
    return entries.sort((a, b) => key(b) - key(a) || a.positions[0]! - b.positions[0]!);
  });
  /** The few strongest: their values are written at them. */
  readonly strongest: Entry[] = $derived.by(() =>
    this.entries.slice(0, VALUES).filter((entry) => this.standsOut(entry)),
  );
  /** The weight of each position's word: of all pieces together. */
  readonly weights = $derived(
    new Map(this.entries.flatMap((entry) => entry.positions.map((position) => [position, entry] as const))),
  );
  /** In which order bars stand: those of gates by falling value, so that one sees how many are open. */
  readonly barOrder: number[] = $derived.by(() => {
    const shown = this.keys?.shown ?? [];
    const inOrder = !!this.keys?.tokens || this.keys?.kind === "frames";
    const sorted = this.site && this.line && hasGateKind(this.site) && !inOrder;
    return sorted ? ranked(this.line!, shown).map(({ position }) => position) : shown;
  });
  /** The positions that a picture is tinted at. */
  readonly cells: number[] = $derived(this.keys ? tintedCells(this.keys) : []);
  /** How strongly the line tints the picture. */
  readonly tint: TintScale = $derived.by(() => {
    const { line, cells, options } = this;
    const steps = options.full === "steps" && this.single && options.layers === "one" ? this.stepLines : [];
    if (this.gate || !line || !steps.length) return this.tintOf(line ? [line] : []);
    return fitTint([line], cells, "steps", steps);
  });
  readonly uniform = $derived(1 / Math.max(1, this.keys?.shown.length ?? 1));

  constructor(readonly store: Store) {}

  /** Whether an axis has cells in the picture that is shown, or is the nodes of a graph. */
  lies(axis: Positions | null): boolean {
    return !!axis?.graph || (this.picture !== null && inPicture(axis, this.store.pictureInput));
  }

  /** What an axis is drawn over. */
  pictureOf(axis: Positions | null): HTMLCanvasElement | null {
    return axis?.graph ? graphPicture() : this.picture;
  }

  /** Whether the weight is clearly above that of a query that attends uniformly; of a gate, whether there is a value. */
  standsOut({ weight, positions }: Entry): boolean {
    return this.gate ? weight === weight : weight > NEAR_UNIFORM * this.uniform * positions.length;
  }

  /** One tint for several lines, so that they can be compared. `of`: what the full tint then is. */
  tintOf(lines: Float32Array[], of?: string): TintScale {
    if (this.gate) return openTint(lines, this.cells);
    const quantile = this.options.full === "quantile";
    return fitTint(lines, this.cells, quantile ? "quantile" : "row", lines, quantile ? undefined : of);
  }

  /** What a query is called: the whole word, where it is one of several pieces. */
  nameOf(query: number): string {
    const word = this.queryText?.words.find(({ positions }) => positions.includes(query));
    return word && this.queries ? wordName(word, this.queries) : "";
  }

  #positions(role: "query" | "key"): Positions | null {
    return (
      this.site &&
      placedIn(positionsOf(this.site, role, this.sample, this.store.iteration), this.places, this.store.window)
    );
  }

  #layout(axis: Positions | null): { words: Word[]; after: string } | null {
    if (!axis) return null;
    if (axis.tokens) return layoutText(axis.tokens, axis.shown, axis.text ?? null, this.options.pieces === "words");
    const words = axis.shown.map((position) => ({ positions: [position], text: axis.label(position), before: "   " }));
    return { words, after: "" };
  }

  /** All pieces of the word that a query is in; all queries, where the average is read. */
  #queriesOf(query: number): number[] {
    if (this.average) return this.queries?.shown ?? [];
    return this.queryText?.words.find((word) => word.positions.includes(query))?.positions ?? [query];
  }

  #ofHeads(rows: HeadRows): Float32Array {
    const { heads } = this.options;
    return heads === "one" ? (rows[this.head] ?? rows[0] ?? new Float32Array(0)) : poolRows(rows, heads);
  }

  #normal(row: Float32Array): Float32Array {
    if (!this.#hidden.length || !this.keys) return row;
    return renormalise({ rows: 1, columns: row.length, weights: row }, this.keys.shown).weights;
  }

  /** Nothing is pointed at any more. */
  leave = (): void => {
    this.preview = null;
    this.pointed = null;
  };

  /** Makes what lies at a place of the picture the query, whichever window it is in. `x`, `y`: shares of the picture. */
  keepUnder(axis: Positions, x: number, y: number): void {
    const found = this.places && windowUnder(this.places, x, y);
    if (found) this.store.choices.window = found.window;
    this.keep(found ? found.position : positionUnder(axis, x, y));
  }

  keep(query: number): void {
    this.store.choices.query = query;
    this.preview = null;
    this.options.words = "look";
  }
}
