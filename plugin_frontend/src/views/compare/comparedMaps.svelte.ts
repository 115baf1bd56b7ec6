/** The maps of the Compare view: A, B, and B − A, with what they say in numbers. */
import { makeScale, roundTop, type ColorScale } from "../../color/scale";
import {
  comparableQueries,
  difference,
  largestChange,
  meanDivergence,
  measuresOf,
  weightAt,
} from "../../model/difference";
import { mapOf, selectFrom, type AttentionMap } from "../../model/maps";
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
    if (!weights || !look.map || this.other.problem || weights.site.path !== look.site?.path) return null;
    return mapOf(weights.site, weights.array.data, {
      head: look.head,
      iteration: store.iteration,
      window: store.window,
    });
  });
  readonly b = $derived.by(() => this.look.map);
  readonly change = $derived(
    this.a && this.b && this.a.weights.length === this.b.weights.length ? difference(this.a, this.b) : null,
  );
  readonly queries = $derived.by(() => (this.look.gate ? [0] : (this.look.queries?.shown ?? [])));
  readonly keys = $derived.by(() => this.look.keys?.shown ?? []);
  readonly largest = $derived(this.change && largestChange(this.change, this.queries, this.keys));
  readonly differenceScale = $derived.by(() => {
    const { ramp, dark, choices } = this.store;
    return makeScale(ramp, dark, roundTop(Math.abs(this.largest?.by ?? 1)), true, choices.options.values.curve);
  });
  readonly step = $derived.by(() => (this.store.slot ? shortStepName(this.store.slot) : ""));
  readonly panels: ComparePanel[] = $derived.by(() => {
    const { other, look, step } = this;
    const run = this.store.run?.run;
    const b = other.run === run ? step : `${run}, ${step}`;
    return [
      { title: "A", name: other.label, map: this.a, scale: look.scale },
      { title: "B", name: b, map: this.b, scale: look.scale },
      { title: "B − A", name: "green more, purple less", map: this.change, scale: this.differenceScale },
    ].flatMap(({ map, scale, ...rest }) =>
      map && scale ? [{ ...rest, scale, map: selectFrom(map, this.queries, this.keys) }] : [],
    );
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

  constructor(readonly store: Store) {
    this.look = new ShownHead(store);
  }

  get facts(): DifferenceFacts {
    const { a, b, change, largest, pointed, measures, divergence, look, other } = this;
    const { gate, queries, keys } = look;
    const { site } = look;
    const { run } = this.store;
    const aTarget: Target | undefined =
      other.run !== null && other.run !== run?.run ? { kind: "run", run: other.run } : undefined;
    const names = { aName: other.label, bName: this.step, ...(aTarget ? { aTarget } : {}) };
    const same = other.run === run?.run && other.slot?.step === this.store.slot?.step;
    const known = { a, b, change, largest, pointed, measure: this.store.scales.measure, measures, divergence };
    return { ...known, site, gate, queries, keys, problem: other.problem, same, ...names };
  }

  point(row: number, column: number): void {
    const [query, key] = [this.queries[row], this.keys[column]];
    this.pointed = query === undefined || key === undefined ? null : { query, key };
  }

  /** Takes B for A and A for B. */
  swap(): void {
    const { store, other } = this;
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
