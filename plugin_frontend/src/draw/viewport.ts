/** Arithmetic of zooming and panning. */
import type { Viewport } from "./heatmap";

/** At most this few cells fill the view. */
const FEWEST = 3;

function clampSpan(from: number, to: number, size: number): [number, number] {
  const span = Math.min(size, Math.max(Math.min(FEWEST, size), to - from));
  const start = Math.max(0, Math.min(size - span, from));
  return [start, start + span];
}

export function clampView(view: Viewport, rows: number, columns: number): Viewport {
  const [x0, x1] = clampSpan(view.x0, view.x1, columns);
  const [y0, y1] = clampSpan(view.y0, view.y1, rows);
  return { x0, y0, x1, y1 };
}

/** `x`, `y`: the point that stays where it is, as shares (0 to 1) of the view. `factor` below 1 zooms in. */
export function zoomView(
  view: Viewport,
  x: number,
  y: number,
  factor: number,
  rows: number,
  columns: number,
): Viewport {
  const width = view.x1 - view.x0;
  const height = view.y1 - view.y0;
  const [cx, cy] = [view.x0 + x * width, view.y0 + y * height];
  const spanX = Math.max(Math.min(FEWEST, columns), width * factor);
  const spanY = Math.max(Math.min(FEWEST, rows), height * factor);
  return clampView(
    { x0: cx - x * spanX, x1: cx + (1 - x) * spanX, y0: cy - y * spanY, y1: cy + (1 - y) * spanY },
    rows,
    columns,
  );
}

/** `dx`, `dy`: the way of the pointer, as shares of the view. */
export function panView(view: Viewport, dx: number, dy: number, rows: number, columns: number): Viewport {
  const [mx, my] = [dx * (view.x1 - view.x0), dy * (view.y1 - view.y0)];
  return clampView({ x0: view.x0 - mx, x1: view.x1 - mx, y0: view.y0 - my, y1: view.y1 - my }, rows, columns);
}
