/** Draws values as bars side by side, the step before as a tick on each. */
import type { Surface } from "./surface";

export interface BarsPicture {
  values: Float32Array;
  /** The positions in the order in which they stand. */
  order: number[];
  before: Float32Array | null;
  /** The value of a full bar. */
  top: number;
  pointed: number | null;
  colors: { line: string; bar: string; pointed: string; tick: string };
}

const LINES = [0, 0.5, 1];
const FAINT = 0.4;

export function drawBars({ context, width, height, ratio }: Surface, picture: BarsPicture): void {
  const { values, order, before, top, pointed, colors } = picture;
  const room = height - 2 * ratio;
  const high = (value: number) => Math.max(0, Math.min(1, value / top)) * room;
  context.clearRect(0, 0, width, height);
  context.fillStyle = colors.line;
  for (const share of LINES) context.fillRect(0, Math.round((1 - share / top) * room), width, ratio);
  const pitch = width / order.length;
  const perPixel = order.length / width;
  if (pitch < 1) return drawBands();
  const gap = pitch > 4 * ratio ? ratio : 0;
  order.forEach((position, i) => {
    const value = values[position] ?? NaN;
    const x = Math.round(i * pitch);
    const wide = Math.max(1, Math.round((i + 1) * pitch) - x - gap);
    // NaN has no height: it is a thin line over the whole of it, so that it is not taken for 0.
    context.fillStyle = position === pointed ? colors.pointed : Number.isNaN(value) ? colors.tick : colors.bar;
    if (Number.isNaN(value)) context.fillRect(x + wide / 2, 0, ratio, height);
    else context.fillRect(x, height - high(value), wide, high(value));
    const then = before?.[position] ?? NaN;
    if (Number.isNaN(then)) return;
    context.fillStyle = colors.tick;
    context.fillRect(x - gap, height - high(then) - ratio, wide + 2 * gap, 1.5 * ratio);
  });

  /** Where bars share a pixel: full up to the least of them, faint up to the largest; the tick is the mean of the step before. */
  function drawBands(): void {
    for (let x = 0; x < width; x++) {
      const here = order.slice(Math.floor(x * perPixel), Math.max(1, Math.floor((x + 1) * perPixel)));
      const known = here.map((position) => values[position] ?? NaN).filter((value) => !Number.isNaN(value));
      const has = pointed !== null && here.includes(pointed);
      context.fillStyle = has ? colors.pointed : known.length ? colors.bar : colors.tick;
      const [least, largest] = known.length ? [high(Math.min(...known)), high(Math.max(...known))] : [height, height];
      context.fillRect(x, height - least, 1, least);
      context.globalAlpha = has ? 1 : FAINT;
      context.fillRect(x, height - largest, 1, largest - least);
      context.globalAlpha = 1;
      const then = here.map((position) => before?.[position] ?? NaN).filter((value) => !Number.isNaN(value));
      if (!then.length) continue;
      context.fillStyle = colors.tick;
      const mean = then.reduce((sum, value) => sum + value, 0) / then.length;
      context.fillRect(x, height - high(mean) - ratio, 1, 1.5 * ratio);
    }
  }
}

/** The bar at a share (0 to 1) of the width; null outside. */
export function barAt(share: number, order: number[]): number | null {
  return order[Math.floor(share * order.length)] ?? null;
}
