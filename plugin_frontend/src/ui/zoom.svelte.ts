/** Zooming by wheel and panning by drag over a matrix; a press without a drag is a click. */
import { wholeMap, type Viewport } from "../draw/heatmap";
import { panView, zoomView } from "../draw/viewport";

type OnElement<T> = T & { currentTarget: HTMLElement };
/** The same turn of the wheel zooms by the same share, whatever the device calls a line. */
const PER_PIXEL = 1.0015;
const CLICK_PIXELS = 3;

export class Zoom {
  /** null: all of it. */
  zoomed = $state.raw<Viewport | null>(null);
  #drag: { x: number; y: number; view: Viewport; moved: boolean } | null = null;

  /** `size`: rows and columns of the matrix, asked for when needed. `clicked`: a press that was no drag. */
  constructor(
    readonly size: () => { rows: number; columns: number },
    readonly clicked: () => void,
  ) {}

  get view(): Viewport {
    return this.zoomed ?? wholeMap(this.size());
  }

  reset = (): void => {
    this.zoomed = null;
  };

  /** Where the pointer is, as shares (0 to 1) of the element. */
  share(event: OnElement<PointerEvent | WheelEvent>): [number, number] {
    const box = event.currentTarget.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  /** The row and column under the pointer. */
  cell(event: OnElement<PointerEvent>): { row: number; column: number } {
    const [x, y] = this.share(event);
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
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (Math.hypot(dx, dy) > CLICK_PIXELS) drag.moved = true;
    if (!drag.moved || !this.zoomed) return;
    const box = event.currentTarget.getBoundingClientRect();
    const { rows, columns } = this.size();
    this.zoomed = panView(drag.view, dx / box.width, dy / box.height, rows, columns);
  }

  up = (): void => {
    if (this.#drag && !this.#drag.moved) this.clicked();
    this.#drag = null;
  };

  wheel = (event: OnElement<WheelEvent>): void => {
    event.preventDefault();
    const { rows, columns } = this.size();
    const next = zoomView(this.view, ...this.share(event), PER_PIXEL ** event.deltaY, rows, columns);
    const whole = next.x1 - next.x0 >= columns - 1e-6 && next.y1 - next.y0 >= rows - 1e-6;
    this.zoomed = whole ? null : next;
  };
}
