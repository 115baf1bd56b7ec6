/** What the film shows of one step: in Overview the focus of all heads and the values of all gates, in Head the map, in Confusion the matrix. */
import { measureRamp } from "../../color/ramp";
import { cellOf, paintFocus } from "../../draw/paintFocus";
import { paintMap, wholeMap, type Rect } from "../../draw/heatmap";
import { paintThumbnail } from "../../draw/thumbnail";
import { drawnByValues } from "../../model/headValues";
import { headCounts } from "../../model/heads";
import { isMeasured } from "../../model/measures";
import type { Slot } from "../../model/timeline";
import type { View } from "../../state/choices.svelte";
import type { Store } from "../../state/store.svelte";

export type FramePainter = (pixels: Uint32Array, stride: number, rect: Rect) => void;

/** In the views of one head the film shows its map; in the others how focused all heads are, and the values of gates. */
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
  const byValues = store.sites.map((each) => drawnByValues(each, store.scales.measure));
  // Cells without a share stay empty for the pictures of the values.
  const measured = shares.map((row, i) => (byValues[i] ? new Array<number>(row.length) : row));
  const values = byValues.flatMap((is, i) => (is ? valuePainters(store, slot, i) : []));
  return (pixels, stride, rect) => {
    paintFocus(pixels, stride, rect, measured, ramp);
    for (const paint of values) paint(pixels, stride, rect);
  };
}

/** Paints the values of each gate of a site into its cell. */
function valuePainters(store: Store, slot: Slot, row: number): FramePainter[] {
  const counts = headCounts(store.sites);
  const columns = Math.max(1, ...counts);
  const index = store.sitesOf(slot).findIndex(({ path }) => path === store.sites[row]!.path);
  const site = store.sitesOf(slot)[index];
  if (!site || store.averaging.onlyMeasures) return [];
  const scale = store.scales.of(site);
  return Array.from({ length: counts[row]! }, (_, head) => {
    const map = store.arrays.peekHead(slot, store.sampleIndex, index, head);
    return (pixels: Uint32Array, stride: number, rect: Rect) => {
      const cell = cellOf(rect, counts.length, columns, row, head);
      const gap = Math.min(cell.width, cell.height) > 6 ? 1 : 0;
      if (!map || cell.width < 1 || cell.height < 1) return;
      const inside = {
        ...cell,
        width: cell.width - (columns > 1 ? gap : 0),
        height: cell.height - (counts.length > 1 ? gap : 0),
      };
      paintThumbnail(pixels, stride, inside, site, map, scale);
    };
  });
}
