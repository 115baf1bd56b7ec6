/** How each canvas on the page was painted last, so that what leaves the tab can be painted anew, finer. */
import type { Surface } from "./surface";

export interface Repaint {
  /** CSS pixels. */
  width: number;
  height: number;
  paint: (surface: Surface) => void;
}

export const repaints = new WeakMap<HTMLCanvasElement, Repaint>();
