/** The kinds of the heads whose maps are on the screen, derived when someone asks. */
import { HEAD_KINDS, KindsOfHeads, type HeadKind, type SiteGround } from "../model/headKinds";
import type { HeadIndex } from "../model/heads";
import type { ColorScales } from "./colorScales.svelte";
import type { MapArrays } from "./mapArrays.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class HeadKinds {
  readonly #found = $derived.by(() => {
    const picture = this.maps.overview.value;
    const { samples, averaging } = this.focus;
    // Measures of several samples say nothing of the map of one.
    if (!picture || averaging.onlyMeasures) return null;
    // Where maps are averages, their positions are the same in all samples.
    const sample = samples[averaging.ofMaps ? (averaging.now[0] ?? -1) : picture.sample] ?? null;
    const step = this.focus.stepIndex(picture.slot);
    return new KindsOfHeads(picture.sites, sample, picture.maps, this.scales.measures, step);
  });
  /** For each site what its heads are compared with; null for those that have no kinds, empty until their maps have come. */
  readonly grounds: (SiteGround | null)[] = $derived.by(() => this.#found?.grounds() ?? []);
  /** For each site, the kinds of its heads; null for those that have none, empty until maps and measures have come. */
  readonly all: (HeadKind | null)[][] = $derived.by(() => (this.scales.measures && this.#found?.all()) ?? []);
  /** How many heads are of each kind, in the order of the legend; only kinds that occur. */
  readonly counts = $derived.by(() => {
    const found = this.all.flat();
    return HEAD_KINDS.map((kind) => ({ kind, count: found.filter((other) => other === kind).length })).filter(
      ({ count }) => count > 0,
    );
  });

  constructor(
    readonly focus: SampleSelection,
    readonly maps: MapArrays,
    readonly scales: ColorScales,
  ) {}

  of(head: HeadIndex): HeadKind | null {
    return this.#found?.kind(head) ?? null;
  }
}
