/** Zooming by wheel and panning by drag over a matrix; a press without a drag is a click. */
import { wholeMap, type Viewport } from "../draw/heatmap";
import { panView, zoomView } from "../draw/viewport";
import { shareOf } from "./pointer";

type OnElement<T> = T & { currentTarget: HTMLElement };
/** The same turn of the wheel zooms by the same share, whatever the device calls a line. */
const PER_PIXEL = 1.0015;
const CLICK_PIXELS = 3;
/** By how much a key zooms, and which share of what is seen it moves. */
const [KEY_ZOOM, KEY_PAN] = [0.7, 0.25];
const PANS: Record<string, [number, number]> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export class Zoom {
  /** null: all of it. */
  zoomed = $state.raw<Viewport | null>(null);
  #drag: { x: number; y: number; view: Viewport; moved: boolean } | null = null;

  /**
   * `size`: rows and columns of the matrix, asked for when needed. `clicked`: a press that was no drag. `lists`: rows and columns are
   * two lists side by side, so that both are zoomed and panned along the height.
   */
  constructor(
    readonly size: () => { rows: number; columns: number },
    readonly clicked: () => void,
    readonly lists = false,
  ) {}

  get dragging(): boolean {
    return this.#drag !== null;
  }

  get view(): Viewport {
    return this.zoomed ?? wholeMap(this.size());
  }

  reset = (): void => {
    this.zoomed = null;
  };

  /** The row and column under the pointer. */
  cell(event: OnElement<PointerEvent>): { row: number; column: number } {
    const [x, y] = shareOf(event);
    const { x0, x1, y0, y1 } = this.view;
    return { row: Math.floor(y0 + y * (y1 - y0)), column: Math.floor(x0 + x * (x1 - x0)) };
  }

  down = (event: OnElement<PointerEvent>): void => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#drag = { x: event.clientX, y: event.clientY, view: this.view, moved: false };
  };

  move(event: OnElement<PointerEvent>): void {
    const drag = this.#drag;
    if (!drag) return;
    const [dx, dy] = [this.lists ? 0 : event.clientX - drag.x, event.clientY - drag.y];
    if (Math.hypot(dx, dy) > CLICK_PIXELS) drag.moved = true;
    if (!drag.moved || !this.zoomed) return;
    const box = event.currentTarget.getBoundingClientRect();
    const { rows, columns } = this.size();
    const down = dy / box.height;
    this.zoomed = panView(drag.view, this.lists ? down : dx / box.width, down, rows, columns);
  }

  up = (): void => {
    if (this.#drag && !this.#drag.moved) this.clicked();
    this.#drag = null;
  };

  wheel = (event: OnElement<WheelEvent>): void => {
    event.preventDefault();
    const [x, y] = shareOf(event);
    this.#zoom(this.lists ? y : x, y, PER_PIXEL ** event.deltaY);
  };

  /** `+` and `-` zoom about a cell, `0` shows all, Shift with an arrow pans; whether the key was one of these. */
  key(event: KeyboardEvent, about: { row: number; column: number }): boolean {
    const { x0, x1, y0, y1 } = this.view;
    const pan = event.shiftKey ? PANS[event.key] : undefined;
    const inside = (share: number) => Math.max(0, Math.min(1, share));
    if (event.key === "0") this.reset();
    else if (event.key === "+" || event.key === "=" || event.key === "-") {
      const [x, y] = [(about.column + 0.5 - x0) / (x1 - x0), (about.row + 0.5 - y0) / (y1 - y0)];
      this.#zoom(inside(x), inside(y), event.key === "-" ? 1 / KEY_ZOOM : KEY_ZOOM);
    } else if (pan) {
      const { rows, columns } = this.size();
      if (this.zoomed) this.zoomed = panView(this.zoomed, pan[0] * KEY_PAN, pan[1] * KEY_PAN, rows, columns);
    } else return false;
    return true;
  }

  /** Moves what is seen so far that a cell lies in it. */
  follow({ row, column }: { row: number; column: number }): void {
    if (!this.zoomed) return;
    const { x0, x1, y0, y1 } = this.zoomed;
    const { rows, columns } = this.size();
    const by = (from: number, to: number, cell: number) => (cell < from ? from - cell : Math.min(0, to - cell - 1));
    const [dx, dy] = [by(x0, x1, column), by(y0, y1, row)];
    if (dx || dy) this.zoomed = panView(this.zoomed, dx / (x1 - x0), dy / (y1 - y0), rows, columns);
  }

  #zoom(x: number, y: number, factor: number): void {
    const { rows, columns } = this.size();
    const next = zoomView(this.view, x, y, factor, rows, columns);
    const whole = next.x1 - next.x0 >= columns - 1e-6 && next.y1 - next.y0 >= rows - 1e-6;
    this.zoomed = whole ? null : next;
  }
}
