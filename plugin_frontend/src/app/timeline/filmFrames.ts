/** What the film shows of one step: in Overview the focus of all heads, in Head the map, in Confusion the matrix. */
import { measureRamp } from "../../color/ramp";
import { paintFocus } from "../../draw/paintFocus";
import { paintMap, wholeMap, type Rect } from "../../draw/heatmap";
import { paintThumbnail } from "../../draw/thumbnail";
import { isMeasured } from "../../model/measures";
import type { View } from "../../state/choices.svelte";
import type { Store } from "../../state/store.svelte";

export type FramePainter = (pixels: Uint32Array, stride: number, rect: Rect) => void;

/** In the views of one head the film shows its map; in the others how focused all heads are. */
export function filmShowsHead(view: View): boolean {
  return ["head", "sample", "compare", "runs"].includes(view);
}

/** Reads the state and returns what to paint at the slot `index`; null while it has not come. */
export function framePainter(store: Store, index: number): FramePainter | null {
  const slot = store.slots[index];
  if (!slot?.record) return null;
  if (store.view === "confusion") {
    const { colors } = store.confusion;
    const map = colors.map(store.matrixSlots[index] ?? null);
    if (!map) return null;
    const { scale } = colors;
    return (pixels, stride, rect) => paintMap(pixels, stride, rect, map, wholeMap(map), scale);
  }
  if (store.showsExamples && index !== store.slotIndex) return null;
  const { site, siteIndex, head } = store;
  if (filmShowsHead(store.view) && site) {
    const map = store.arrays.peekHead(slot, store.sampleIndex, siteIndex, head);
    if (!map) return null;
    const scale = store.scales.of(site);
    return (pixels, stride, rect) => paintThumbnail(pixels, stride, rect, site, map, scale);
  }
  const [measures, step] = [store.scales.measures, store.stepIndex(slot)];
  const shares = isMeasured(measures, step) ? store.scales.shares(step) : [];
  const ramp = measureRamp(store.dark);
  return (pixels, stride, rect) => paintFocus(pixels, stride, rect, shares, ramp);
}
