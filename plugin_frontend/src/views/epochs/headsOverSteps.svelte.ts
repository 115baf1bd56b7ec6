/** A measure of every head at every step of the timeline: what the Epochs view draws, lists and says. */
import { headAt, headCounts, type HeadIndex } from "../../model/heads";
import { CHANGE, headValue, measureScale } from "../../model/headValues";
import { hasDiverged, measureAt } from "../../model/measures";
import { kindByMeasures, measuresOfHead, type MeasuredKind, type SiteGround } from "../../model/headKinds";
import { kindName, type StepsFacts } from "../../model/sentences";
import type { Table } from "../../model/table";
import type { Store } from "../../state/store.svelte";

/** A head at a slot of the timeline. */
export interface HeadAtSlot {
  head: HeadIndex;
  slot: number;
}

const MOST_CHANGES = 8;

export class HeadsOverSteps {
  readonly counts = $derived.by(() => headCounts(this.store.sites));
  readonly total = $derived(this.counts.reduce((a, b) => a + b, 0));
  /** For each slot of the timeline its index in the measures; -1 where it cannot be read. */
  readonly #steps = $derived.by(() => this.store.slots.map((slot) => this.store.stepIndex(slot)));
  /** For each slot the index of the step before, in the measures; -1 for none. */
  readonly #before = $derived.by(() => {
    let last = -1;
    return this.#steps.map((step) => {
      const before = last;
      if (step >= 0) last = step;
      return before;
    });
  });
  /** Those that some head has: a gate has no entropy, and would be a blank row. */
  readonly measures = $derived.by(() => {
    const all = [...(this.store.maps?.measures ?? []), CHANGE];
    const found = all.filter((name) =>
      this.#steps.some((_, slot) => this.values(slot, name).some((value) => value >= 0)),
    );
    return found.length ? found : all;
  });
  /** Whether cells have the colours of the kinds of heads, not of the measure. */
  readonly byKind = $derived.by(() => this.hasKinds && this.store.choices.options.values.epochs === "kind");
  readonly hasKinds = $derived.by(() => this.store.kinds.grounds.some((ground) => ground !== null));
  readonly #kinds = $derived.by(() => {
    const grounds = this.counts.flatMap((count, site) =>
      Array<SiteGround | null>(count).fill(this.store.kinds.grounds[site] ?? null),
    );
    return this.#steps.map((step) =>
      grounds.map((ground, flat) =>
        ground
          ? kindByMeasures(measuresOfHead(this.store.scales.measures, step, flat), ground.uniform, ground.extra)
          : null,
      ),
    );
  });
  readonly measure = $derived.by(() => {
    const { measure } = this.store.scales;
    return this.measures.includes(measure) ? measure : this.measures[0]!;
  });
  readonly scale = $derived.by(() => measureScale(this.store.scales.measures, this.measure, this.store.sites));
  /** The largest change of each head from one step to the next, the largest of all first. */
  readonly changes = $derived.by(() => {
    const largest = Array.from({ length: this.total }, (_, flat) => ({ flat, slot: -1, value: 0 }));
    this.#steps.forEach((_, slot) => {
      for (const head of largest) {
        const value = this.value(slot, head.flat, CHANGE);
        if (value > head.value) Object.assign(head, { slot, value });
      }
    });
    return largest
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value)
      .slice(0, MOST_CHANGES)
      .map(({ flat, slot, value }) => ({ head: headAt(this.store.sites, flat), flat, slot, value }));
  });

  constructor(readonly store: Store) {}

  get facts(): StepsFacts {
    const { sites, slots } = this.store;
    const { measure, total, changes } = this;
    return {
      sites,
      slots,
      measure,
      total,
      changes,
      value: (slot, flat, name) => this.value(slot, flat, name),
      deviation: (slot, flat, name) => measureAt(this.store.scales.deviations, this.#steps[slot] ?? -1, flat, name),
      kind: this.byKind ? (slot, flat) => this.kind(slot, flat) : undefined,
      divergedAt: (slot) => this.divergedAt(slot),
      slotBefore: (slot) => this.slotBefore(slot),
    };
  }

  /** The last slot before another that can be read; -1 for none. */
  slotBefore(slot: number): number {
    return this.#steps.slice(0, slot).findLastIndex((step) => step >= 0);
  }

  /** `flat`: the index of the head in the order of the measures. NaN where the measure means nothing. */
  value(slot: number, flat: number, name: string): number {
    const step = this.#steps[slot] ?? -1;
    return step < 0 ? NaN : headValue(this.store.scales.measures, step, this.#before[slot] ?? -1, flat, name);
  }

  /** `flat`: as of `value`. The kind of the head as far as its measures tell it; null where it has none. */
  kind(slot: number, flat: number): MeasuredKind | null {
    return this.#kinds[slot]?.[flat] ?? null;
  }

  /** `flat`: as of `value`. Whether the head was measured at the slot and nothing of it is a number. */
  hasDiverged(slot: number, flat: number): boolean {
    return hasDiverged(this.store.scales.measures, this.#steps[slot] ?? -1, flat);
  }

  /** How many heads have diverged at a slot. */
  divergedAt(slot: number): number {
    return Array.from({ length: this.total }, (_, flat) => this.hasDiverged(slot, flat)).filter(Boolean).length;
  }

  /** Of all heads at a slot. */
  values(slot: number, name: string): number[] {
    return Array.from({ length: this.total }, (_, flat) => this.value(slot, flat, name));
  }

  #cell(slot: number, flat: number): string | number {
    if (!this.byKind) return this.value(slot, flat, this.measure);
    const kind = this.kind(slot, flat);
    return kind ? kindName(kind) : "";
  }

  table(): Table {
    const { sites, slots } = this.store;
    return {
      head: ["layer", "head", "step", this.byKind ? "kind" : this.measure],
      rows: Array.from({ length: this.total }, (_, flat) => ({ flat, ...headAt(sites, flat) })).flatMap(
        ({ flat, site, head }) =>
          slots.map(({ step }, slot) => [sites[site]!.path, head, String(step), this.#cell(slot, flat)]),
      ),
    };
  }
}
