/** The maps of the Compare view: A, B, and B − A, with what they say in numbers. */
import { makeScale, roundTop, type ColorScale } from "../../color/scale";
import { drawnCells } from "../../draw/patches";
import {
  comparableQueries,
  difference,
  headDivergence,
  largestChange,
  meanDivergence,
  measuresOf,
  weightAt,
} from "../../model/difference";
import { hasGateKind, headName } from "../../model/heads";
import { hasQueries, mapOf, rowOf, selectFrom, type AttentionMap } from "../../model/maps";
import { positionOfCell } from "../../model/positions";
import { ranked } from "../../model/ranking";
import { sampleName } from "../../model/samples";
import type { DifferenceFacts, Target } from "../../model/sentences";
import type { Table } from "../../model/table";
import { shortStepName } from "../../model/timeline";
import type { Store } from "../../state/store.svelte";
import { ShownHead } from "../head/shownHead.svelte";

/** A map as it is drawn: without padding and what is left out. */
export interface ComparePanel {
  title: string;
  name: string;
  map: AttentionMap;
  scale: ColorScale;
}

export class ComparedMaps {
  readonly look: ShownHead;
  /** The query and key under the pointer. */
  pointed = $state.raw<{ query: number; key: number } | null>(null);

  readonly other = $derived.by(() => this.store.data.compare);
  readonly a: AttentionMap | null = $derived.by(() => {
    const weights = this.other.weights.value;
    const { look, store } = this;
    if (!weights || !look.map || this.other.problem || weights.site.path !== this.other.site?.path) return null;
    const { iteration, window } = store;
    return look.spread(mapOf(weights.site, weights.array.data, { head: this.other.head, iteration, window }));
  });
  readonly b = $derived.by(() => this.look.map);
  readonly change = $derived(
    this.a && this.b && this.a.weights.length === this.b.weights.length ? difference(this.a, this.b) : null,
  );
  readonly queries = $derived.by(() => (this.look.gate ? [0] : (this.look.queries?.shown ?? [])));
  /** Rows and columns of a spatial gate, which is drawn as a plane; null for others. */
  readonly #plane: number[] | null = $derived.by(() => {
    const { gate, keys } = this.look;
    return gate && keys?.grid?.length === 2 && drawnCells(keys).length === keys.grid[0]! * keys.grid[1]!
      ? keys.grid
      : null;
  });
  /** The keys in the order in which they are drawn: of a gate over channels B's largest first, of a plane row by row. */
  readonly keys: number[] = $derived.by(() => {
    const { look, b } = this;
    const axis = look.keys;
    if (!axis || !look.site) return [];
    if (this.#plane) {
      const [rows = 0, columns = 1] = this.#plane;
      return Array.from({ length: rows * columns }, (_, i) =>
        positionOfCell(axis, Math.floor(i / columns), i % columns),
      );
    }
    if (!hasGateKind(look.site) || !b) return axis.shown;
    return ranked(rowOf(b, 0), axis.shown).map(({ position }) => position);
  });
  readonly largest = $derived(this.change && largestChange(this.change, this.queries, this.keys));
  readonly differenceScale = $derived.by(() => {
    const { ramp, dark, choices } = this.store;
    return makeScale(ramp, dark, roundTop(Math.abs(this.largest?.by ?? 1)), true, choices.options.values.curve);
  });
  /** The name of B, by what can differ from A. */
  readonly bName = $derived.by(() => {
    const { store, other, step } = this;
    if (other.by === "heads") return headName(store.sites, store.siteIndex, store.head);
    if (other.by === "samples") return store.sample ? sampleName(store.sample, store.classNames) : "";
    const name = other.run === store.run?.run ? step : `${store.run?.run}, ${step}`;
    return this.look.count > 1 ? `${name} (${this.look.count} samples)` : name;
  });
  readonly step = $derived.by(() => (this.store.slot ? shortStepName(this.store.slot) : ""));
  readonly panels: ComparePanel[] = $derived.by(() => {
    const { other, look, bName: b } = this;
    return [
      { title: "A", name: other.label, map: this.a, scale: look.scale },
      { title: "B", name: b, map: this.b, scale: look.scale },
      { title: "B − A", name: "green more, purple less", map: this.change, scale: this.differenceScale },
    ].flatMap(({ map, scale, ...rest }) => (map && scale ? [{ ...rest, scale, map: this.#drawn(map) }] : []));
  });
  /** The row and column of the panels that are marked; -1 for none. */
  readonly marked = $derived.by(() => {
    const index = this.pointed ? this.keys.indexOf(this.pointed.key) : -1;
    const columns = this.#plane?.[1];
    if (columns && index >= 0) return { row: Math.floor(index / columns), column: index % columns };
    return { row: this.look.gate ? -1 : this.queries.indexOf(this.query), column: index };
  });
  /** The query whose row is shown: the one under the pointer, else the one that is kept. */
  readonly query = $derived.by(() => (this.look.gate ? 0 : (this.pointed?.query ?? this.look.keptQuery)));
  /** The row of A, of B and of their difference. */
  readonly rows: Float32Array[] = $derived.by(() =>
    this.a && this.b && this.change ? [this.a, this.b, this.change].map((map) => rowOf(map, this.query)) : [],
  );
  /** For each layer and head of B the divergence from A, of the small maps; null where A has no such head, and for gates. */
  readonly distances: (number | null)[][] = $derived.by(() => {
    const [a, b] = [this.other.overview.value, this.store.arrays.overview.value];
    if (!a || !b || this.other.problem) return [];
    const one = this.other.by === "heads" ? a.maps[this.other.siteIndex]?.[this.other.head] : undefined;
    return b.sites.map((site, s) => {
      const layer = a.maps[a.sites.findIndex(({ path }) => path === site.path)];
      return (b.maps[s] ?? []).map((map, head) =>
        hasQueries(site) ? headDivergence(this.other.by === "heads" ? one : layer?.[head], map) : null,
      );
    });
  });
  readonly #comparable = $derived.by(() =>
    this.a && this.b ? comparableQueries(this.a, this.b, this.queries, this.keys) : [],
  );
  /** How focused both are, and how far apart; of gates neither means anything. */
  readonly measures = $derived.by(() =>
    this.a && this.b && !this.look.gate ? measuresOf(this.a, this.b, this.#comparable, this.keys) : [],
  );
  readonly divergence = $derived.by(() =>
    this.a && this.b && !this.look.gate ? meanDivergence(this.a, this.b, this.#comparable, this.keys) : NaN,
  );
  /** Changes with the size and the positions of the maps. */
  readonly shape = $derived.by(
    () => `${this.look.site?.path} ${this.look.shown?.sample} ${this.queries.length} ${this.keys.length}`,
  );

  /** Whether A and B are the same map. */
  readonly isSame = $derived.by(() => {
    const { store, other } = this;
    const steps = other.run === store.run?.run && other.slot?.step === store.slot?.step;
    const heads = other.siteIndex === store.siteIndex && other.head === store.head;
    return steps && heads && other.sample?.id === store.sample?.id;
  });

  constructor(readonly store: Store) {
    this.look = new ShownHead(store);
  }

  get facts(): DifferenceFacts {
    const { a, b, change, largest, pointed, measures, divergence, look, other } = this;
    const { site, gate, queries, keys } = look;
    const { run, by, problem } = other;
    const aTarget: Target | undefined = run !== null && run !== this.store.run?.run ? { kind: "run", run } : undefined;
    const names = { aName: other.label, bName: this.bName, ...(aTarget ? { aTarget } : {}) };
    const known = { a, b, change, largest, pointed, measure: this.store.scales.measure, measures, divergence };
    return { ...known, site, gate, queries, keys, problem, by, same: this.isSame, ...names };
  }

  #drawn(map: AttentionMap): AttentionMap {
    const shown = selectFrom(map, this.queries, this.keys);
    const [rows, columns] = this.#plane ?? [];
    return rows && columns ? { rows, columns, weights: shown.weights } : shown;
  }

  point(row: number, column: number): void {
    const columns = this.#plane?.[1];
    const [query, key] = columns ? [0, this.keys[row * columns + column]] : [this.queries[row], this.keys[column]];
    this.pointed = query === undefined || key === undefined ? null : { query, key };
  }

  /** Takes B for A and A for B. */
  swap(): void {
    const { store, other } = this;
    const { choices } = store;
    if (other.by === "heads") {
      const [path, head] = [store.site?.path ?? null, store.head];
      if (other.siteIndex >= 0) store.showHead(other.siteIndex, other.head);
      [choices.versusSite, choices.versusHead] = [path, head];
      return;
    }
    if (other.by === "samples") {
      [choices.versusSample, choices.sample] = [store.sample?.id ?? null, other.sample?.id ?? choices.sample];
      return;
    }
    const [step, run] = [store.slot?.step ?? null, store.run?.run ?? null];
    const [otherStep, otherRun] = [other.slot?.step ?? null, other.run];
    if (otherRun !== run) {
      store.choices.versusRun = run;
      if (otherRun !== null) store.showRun(otherRun);
    }
    store.choices.versus = step;
    store.showStep(otherStep);
  }

  table(): Table | null {
    const { a, b, look, queries, keys } = this;
    if (!this.change || !a || !b) return null;
    const shape = [b.rows, b.columns];
    return {
      head: ["query", "key", "a", "b"],
      rows: queries.flatMap((query) =>
        keys.map((key) => {
          const names = [look.queries?.name(query) ?? "", look.keys?.name(key) ?? ""];
          return [...names, weightAt(a, query, key), weightAt(b, query, key)];
        }),
      ),
      arrays: { map_a: { shape, data: a.weights }, map_b: { shape, data: b.weights } },
    };
  }
}
