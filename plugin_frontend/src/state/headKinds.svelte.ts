/** The kinds of the heads whose maps are on the screen, derived when someone asks. */
import { groundOf, HEAD_KINDS, headKinds, type HeadKind, type SiteGround } from "../model/headKinds";
import type { HeadIndex } from "../model/heads";
import type { ColorScales } from "./colorScales.svelte";
import type { MapArrays } from "./mapArrays.svelte";
import type { SampleSelection } from "./sampleSelection.svelte";

export class HeadKinds {
  /** Whether the measures are averages over samples whose maps have none: together they say nothing. */
  readonly mismatched = $derived.by(() => this.focus.averaging.ofMeasures && !this.focus.averaging.ofMaps);
  /** For each site what its heads are compared with; null for those that have no kinds, empty until their maps have come. */
  readonly grounds: (SiteGround | null)[] = $derived.by(() => {
    const picture = this.maps.overview.value;
    if (this.mismatched) return [];
    const { samples, averaging } = this.focus;
    // Where maps are averages, their positions are the same in all samples.
    const sample = samples[averaging.ofMaps ? (averaging.now[0] ?? -1) : (picture?.sample ?? -1)] ?? null;
    return picture?.sites.map((site, s) => groundOf(site, sample, picture.maps[s] ?? [])) ?? [];
  });
  /** For each site, the kinds of its heads; null for those that have none, empty until maps and measures have come. */
  readonly all: (HeadKind | null)[][] = $derived.by(() => {
    const [picture, { measures }] = [this.maps.overview.value, this.scales];
    if (!picture || !measures || this.mismatched) return [];
    return headKinds(picture.sites, this.grounds, picture.maps, measures, this.focus.stepIndex(picture.slot));
  });
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

  of({ site, head }: HeadIndex): HeadKind | null {
    return this.all[site]?.[head] ?? null;
  }
}
