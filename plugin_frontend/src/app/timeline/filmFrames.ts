/** What the film shows of one step: in Overview the focus of all heads and the values of all gates, in Head the map, in Confusion the matrix. */
import { measureRamp } from "../../color/ramp";
import { cellOf, paintFocus } from "../../draw/paintFocus";
import { paintMap, wholeMap, type Rect } from "../../draw/heatmap";
import { pixelsOf } from "../../draw/surface";
import { paintThumbnail } from "../../draw/thumbnail";
import type { FrameDrawing } from "../../model/filmFrame";
import { drawnByValues } from "../../model/headValues";
import { headCounts } from "../../model/heads";
import { isMeasured } from "../../model/measures";
import type { Slot } from "../../model/timeline";
import { filmShowsHead } from "../../state/mapArrays.svelte";
import type { Store } from "../../state/store.svelte";

type PixelPainter = (pixels: Uint32Array, stride: number, rect: Rect) => void;

/** A frame is painted into pixels, or drawn over them. */
export type FramePainter = { pixels: PixelPainter } | { drawing: FrameDrawing };

interface PlacedFrame {
  rect: Rect;
  paint: FramePainter | null;
  /** Whether it lies over its neighbours. */
  above?: boolean;
}

/** Paints all frames of a canvas, the last ones on top; on both sides of those above others `around` pixels stay free. */
export function paintFrames(context: CanvasRenderingContext2D, frames: PlacedFrame[], around = 0): void {
  const { image, pixels } = pixelsOf(context.canvas);
  const { width: stride, height: high } = image;
  const free = ({ x, width }: Rect): [number, number] => [
    Math.max(0, x - around),
    Math.min(stride, x + width + around),
  ];
  for (const { rect, paint, above } of frames) {
    const [from, to] = free(rect);
    if (above) for (let y = 0; y < high; y++) pixels.fill(0, y * stride + from, y * stride + to);
    if (paint && "pixels" in paint) paint.pixels(pixels, stride, rect);
  }
  context.putImageData(image, 0, 0);
  for (const { rect, paint, above } of frames) {
    if (!paint || !("drawing" in paint)) continue;
    const [from, to] = free(rect);
    if (above) context.clearRect(from, 0, to - from, high);
    paint.drawing(context, rect);
  }
}

/** Reads the state and returns what to paint at the slot `index`; null while it has not come. */
export function framePainter(store: Store, index: number): FramePainter | null {
  const slot = store.slots[index];
  if (!slot?.record) return null;
  if (store.filmFrame) {
    const drawing = store.filmFrame(slot);
    return drawing && { drawing };
  }
  const pixels = pixelPainter(store, index, slot);
  return pixels && { pixels };
}

function pixelPainter(store: Store, index: number, slot: Slot): PixelPainter | null {
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
function valuePainters(store: Store, slot: Slot, row: number): PixelPainter[] {
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
