/** What the Head view looks at: which map, which query or key is kept or hovered, and the row or column that follows from it. */
import { kindWords } from "../../model/kindWords";
import type { Site, WindowPlaces } from "../../api/wire";
import { pictureCanvas } from "../../draw/pictureCanvas";
import { ofAverage } from "../../model/averages";
import type { FeatureMaps } from "../../model/features";
import {
  hasQueries,
  columnOf,
  mapOf,
  mapShape,
  rowOf,
  sinkShares,
  type AttentionMap,
  type Choice,
} from "../../model/maps";
import { firstPosition, inPicture, positionsOf, type Positions } from "../../model/positions";
import { relativeTo, type Norm } from "../../model/relative";
import { renormalise, sinks, specialPositions, withoutPositions } from "../../model/special";
import { sliced } from "../../model/slices";
import { placedIn, placesOf } from "../../model/windows";
import { makeScale, roundTop, type ColorScale } from "../../color/scale";
import { fitTint, openTint, type TintScale } from "../../color/tint";
import { tintedCells } from "../../draw/patches";
import type { SiteWeights } from "../../state/mapArrays.svelte";
import type { SiteContent } from "../../state/siteArray.svelte";
import type { Store } from "../../state/store.svelte";

/** "looks": the row of a query. "looked at": the column of a key. */
export type Direction = "looks" | "looked at";

export interface Hover {
  query: number | null;
  key: number | null;
}

export class ShownHead {
  hover = $state.raw<Hover | null>(null);
  /** A key that is kept shows its column; the last one comes back when the direction is turned again. */
  readonly direction: Direction = $derived.by(() => (this.store.choices.key === null ? "looks" : "looked at"));
  #lastKey: number | null = null;
  #keptChannel = $state<number | null>(null);

  readonly shown: SiteWeights | null = $derived.by(() => this.store.arrays.weights.value);
  readonly site: Site | null = $derived(this.shown?.site ?? null);
  /** Over how many samples the map is averaged; 1 for that of one. */
  readonly count = $derived(this.shown?.count ?? 1);
  readonly sample = $derived.by(() => (this.shown ? (this.store.samples[this.shown.sample] ?? null) : null));
  readonly options = $derived.by(() => this.store.choices.options.values);
  /** Where the windows of the site lie in its feature map, where the log says it. */
  readonly places: WindowPlaces | null = $derived(this.site && placesOf(this.site));
  readonly window = $derived.by(() => (this.site ? Math.min(this.store.window, mapShape(this.site).windows - 1) : 0));
  readonly #described = $derived.by(() => {
    const { site, sample } = this;
    return site && (this.count > 1 ? ofAverage(site, sample) : { site, sample });
  });
  readonly #allQueries = $derived(this.#positions("query"));
  readonly #allKeys = $derived(this.#positions("key"));
  readonly #raw: AttentionMap | null = $derived.by(() => this.#map(this.shown, this.store.head));
  /** Special tokens and sinks, where they are to be left out. */
  readonly hidden: number[] = $derived.by(() => {
    const [queries, keys, map] = [this.#allQueries, this.#allKeys, this.#raw];
    if (this.options.hide === "no" || !map || !queries || !keys || (this.site && !hasQueries(this.site))) return [];
    return [...specialPositions(keys), ...sinks(map, queries.shown, keys.shown)];
  });
  readonly keys: Positions | null = $derived.by(
    () => this.#allKeys && sliced(withoutPositions(this.#allKeys, this.hidden), this.store.slice),
  );
  readonly queries: Positions | null = $derived.by(() => {
    const all = this.#allQueries;
    const shown = all && this.options.hide === "yes" ? withoutPositions(all, specialPositions(all)) : all;
    return shown && sliced(shown, this.store.slice);
  });
  /** What the head may be called, and what it does. */
  readonly words = $derived.by(() => kindWords(this.site));
  readonly head = $derived.by(() => (this.site ? Math.min(this.store.head, mapShape(this.site).heads - 1) : 0));
  readonly map: AttentionMap | null = $derived(this.spread(this.#raw));
  /** What is coloured: the map, the map relative to its largest weights, or the deviations of an average. */
  readonly painted: AttentionMap | null = $derived.by(() => {
    if (this.drawsDeviation) return this.deviation;
    return this.map && relativeTo(this.map, this.norm);
  });
  readonly scale: ColorScale | null = $derived.by(() => {
    if (!this.site) return null;
    const scale = this.store.scales.of(this.site);
    return this.norm === "no" ? scale : { ...scale, top: 1, clips: false };
  });
  readonly before: AttentionMap | null = $derived.by(() => {
    const before = this.store.arrays.before.value;
    const same = before?.site.path === this.site?.path && before?.sample === this.shown?.sample;
    return same && before?.count === this.count ? this.spread(this.#map(before, this.store.head)) : null;
  });
  /** The standard deviation over the samples, weight by weight; null for the map of one sample, and until it has come. */
  readonly deviation: AttentionMap | null = $derived.by(() => {
    const deviation = this.count > 1 ? this.store.arrays.deviation.value : null;
    const same = deviation?.slot === this.shown?.slot && deviation?.siteIndex === this.shown?.siteIndex;
    return same ? this.#map(deviation, this.store.head) : null;
  });
  readonly gate = $derived(this.site !== null && !hasQueries(this.site));
  readonly drawsDeviation = $derived.by(
    () => !this.gate && this.options.mode === "matrix" && this.options.norm === "deviation" && this.deviation !== null,
  );
  readonly norm: Norm = $derived.by(() => {
    const { norm } = this.options;
    return this.gate || norm === "deviation" ? "no" : norm;
  });

  readonly keptQuery = $derived.by(() => this.#clamp(this.store.choices.query, this.queries));
  /** The channel of a gate that was clicked. */
  readonly keptChannel = $derived(
    this.gate && this.#keptChannel !== null && this.keys?.shown.includes(this.#keptChannel) ? this.#keptChannel : null,
  );
  readonly keptKey = $derived.by(() => this.#clamp(this.store.choices.key, this.keys));
  /** Which way the row or column on the screen goes: hovering a label of the other axis turns it round for as long. */
  readonly way: Direction = $derived.by(() => {
    if (this.gate) return "looks";
    if (this.hover?.query === null && this.hover.key !== null) return "looked at";
    if (this.hover?.key === null && this.hover.query !== null) return "looks";
    return this.direction;
  });
  /** The query or key whose row or column is shown. */
  readonly active = $derived(
    this.way === "looks" ? (this.gate ? 0 : (this.hover?.query ?? this.keptQuery)) : (this.hover?.key ?? this.keptKey),
  );
  /** The weights of that row or column. */
  readonly line: Float32Array | null = $derived(
    !this.map ? null : this.way === "looks" ? rowOf(this.map, this.active) : columnOf(this.map, this.active),
  );
  readonly activeAxis = $derived(this.way === "looks" ? this.queries : this.keys);
  /** The axis along which `line` lies. */
  readonly lineAxis = $derived(this.way === "looks" ? this.keys : this.queries);
  /** The position on the line that is pointed at. */
  readonly pointed = $derived(
    this.way === "looks" ? (this.hover?.key ?? this.keptChannel) : (this.hover?.query ?? null),
  );
  /** The feature map behind a gate over channels, of the site and sample on the screen. */
  readonly features: FeatureMaps | null = $derived.by(() => {
    return this.#ofShown(this.store.data.features.shown.value)?.content ?? null;
  });
  /** The share of each query that goes to no key, of the map on the screen; null where the softmax has no sink. */
  readonly sink: Float32Array | null = $derived.by(() => {
    const sink = this.#ofShown(this.store.data.sink.shown.value);
    return sink && sinkShares(sink.site, sink.content, this.#choice(sink.site, this.store.head));
  });
  readonly featureScale: ColorScale | null = $derived.by(() => {
    const { ramp, dark } = this.store;
    const { features } = this;
    return features && makeScale(ramp, dark, roundTop(features.largest), features.signed, this.options.curve);
  });
  readonly picture = $derived.by(() => {
    // An average is of no one picture.
    const picture = this.count > 1 ? null : this.store.shownPicture;
    // A window covers a part of the picture: `places` says which, where the log has it.
    if (this.site && mapShape(this.site).windows > 1 && this.places?.grid.length !== 2) return null;
    return picture ? pictureCanvas(picture) : null;
  });

  /** The row over steps, where it is what the tint fits: only rows of queries are kept so. */
  readonly #stepLines: Float32Array[] = $derived.by(() => {
    const answer = this.store.data.rows.steps.value;
    if (!this.fitsSteps || answer?.site !== this.site?.path) return [];
    return (answer?.steps ?? []).flatMap((heads) => {
      const row = heads[this.head];
      return row ? [this.#spreadRow(row)] : [];
    });
  });
  /** The weight of a query that attends uniformly. */
  readonly uniform = $derived(1 / Math.max(1, this.keys?.shown.length ?? 1));
  /** Whether the tint is to be the same at all steps. */
  readonly fitsSteps = $derived.by(
    () => this.options.full === "steps" && this.hasSteps && this.direction === "looks" && !this.gate,
  );
  /** Whether there is the row of each step: where maps are several a step, there is only the mean of them. */
  readonly hasSteps = $derived.by(() => {
    const shape = this.site && mapShape(this.site);
    const single = shape !== null && shape.iterations * shape.windows === 1;
    return this.store.slots.length > 1 && !this.store.showsExamples && this.count === 1 && single;
  });
  /** How strongly the line tints the cells of its axis. */
  readonly tint: TintScale | null = $derived.by(() => {
    const [line, axis] = [this.line, this.lineAxis];
    if (!line || !axis) return null;
    const cells = tintedCells(axis);
    if (this.gate) return openTint([line], cells);
    const steps = this.way === "looks" ? this.#stepLines : [];
    if (steps.length) return fitTint([line], cells, "steps", steps);
    const quantile = this.options.full === "quantile";
    const ofColumn = quantile ? "98 % of the column's cells" : "the largest of the column";
    return fitTint([line], cells, quantile ? "quantile" : "row", [line], this.way === "looks" ? undefined : ofColumn);
  });

  /** The picture that the windows lie in. */
  readonly windowPicture = $derived.by(() => {
    const picture = this.count > 1 ? null : this.store.shownPicture;
    return picture && this.places?.grid.length === 2 ? pictureCanvas(picture) : null;
  });

  constructor(readonly store: Store) {}

  /** Whether an axis has cells in the picture that is shown. */
  lies(axis: Positions | null): boolean {
    return this.picture !== null && inPicture(axis, this.store.pictureInput);
  }

  /** Whether an axis is drawn as a plane: in the picture, as a graph, or as an even one for what lies in none. */
  isPlane(axis: Positions | null): boolean {
    return this.lies(axis) || !!axis?.graph || ((this.gate || this.count > 1) && axis?.grid?.length === 2);
  }

  /** The map of the chosen head in other weights of the site. */
  mapIn(weights: SiteWeights): AttentionMap {
    return this.#map(weights, this.store.head)!;
  }

  /** The map of another head of the same site. */
  mapOfHead(head: number): AttentionMap | null {
    return this.spread(this.#map(this.shown, head));
  }

  /** What is left sums to 1 again where something is left out. */
  spread(map: AttentionMap | null): AttentionMap | null {
    return map && this.hidden.length && this.keys ? renormalise(map, this.keys.shown) : map;
  }

  #spreadRow(row: Float32Array): Float32Array {
    return this.spread({ rows: 1, columns: row.length, weights: row })!.weights;
  }

  #positions(role: "query" | "key"): Positions | null {
    const [described, iteration] = [this.#described, this.store.iteration];
    if (!described) return null;
    return placedIn(positionsOf(described.site, role, described.sample, iteration), this.places, this.window);
  }

  #map(weights: SiteWeights | null, wanted: number): AttentionMap | null {
    if (!weights) return null;
    return mapOf(weights.site, weights.array.data, this.#choice(weights.site, wanted));
  }

  /** What was fetched, where it is of the site and the sample on the screen. */
  #ofShown<T>(fetched: SiteContent<T> | null): SiteContent<T> | null {
    const same = fetched?.site.path === this.site?.path && fetched?.sample === this.shown?.sample;
    return same ? fetched : null;
  }

  #choice(site: Site, wanted: number): Choice {
    const shape = mapShape(site);
    const iteration = Math.min(this.store.iteration, shape.iterations - 1);
    const window = Math.min(this.store.window, shape.windows - 1);
    return { head: Math.min(wanted, shape.heads - 1), iteration, window };
  }

  #clamp(position: number | null, axis: Positions | null): number {
    if (!axis) return 0;
    return position !== null && axis.shown.includes(position) ? position : firstPosition(axis);
  }

  /** Keeps a channel of a gate, or lets it go when it is kept already. */
  keepChannel(channel: number): void {
    this.#keptChannel = this.#keptChannel === channel ? null : channel;
  }

  showChannel(channel: number | null): void {
    this.#keptChannel = channel;
  }

  keepQuery(query: number): void {
    this.turn("looks");
    this.store.choices.query = query;
  }

  keepKey(key: number): void {
    this.store.choices.key = key;
  }

  /** Asks for the row over steps where the tint fits it; to be called in an effect. */
  want(): void {
    if (this.fitsSteps && this.queries) this.store.data.rows.wantSteps([this.keptQuery]);
  }

  /** Keeps the position whose row or column is shown: a query or a key, by the direction. */
  keepActive(position: number): void {
    if (this.direction === "looks") this.keepQuery(position);
    else this.keepKey(position);
  }

  turn(direction: Direction): void {
    const { choices } = this.store;
    if (direction === this.direction) return;
    if (direction === "looks") {
      this.#lastKey = choices.key;
      choices.key = null;
      return;
    }
    // The same position is kept on the other axis where both are the same positions.
    const same = this.keys?.shown.includes(this.keptQuery) ? this.keptQuery : null;
    choices.key = this.#lastKey ?? same ?? this.keys?.shown[0] ?? 0;
  }
}

/** The heads of the chosen site that are drawn together: the chosen one first. */
export function headsOf(store: Store, count: number): number[] {
  const others = store.choices.also.filter((head) => head !== store.head && head < count);
  return [Math.min(store.head, count - 1), ...others];
}
