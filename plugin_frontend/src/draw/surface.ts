/** A canvas that is as sharp as the screen: its size in device pixels, its memory reused from frame to frame. */

export interface Surface {
  context: CanvasRenderingContext2D;
  /** Device pixels. */
  width: number;
  height: number;
  ratio: number;
}

/** A length that is a whole number of device pixels, or the browser scales the canvas and thin lines in it are lost. CSS pixels. */
export function wholePixels(length: number): number {
  const ratio = window.devicePixelRatio || 1;
  return Math.round(length * ratio) / ratio;
}

/** Prepares `canvas` for `width` x `height` CSS pixels; null while it has no size. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): Surface | null {
  const ratio = window.devicePixelRatio || 1;
  const pixelWidth = Math.round(width * ratio);
  const pixelHeight = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (!context || pixelWidth < 1 || pixelHeight < 1) return null;
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
  }
  return { context, width: pixelWidth, height: pixelHeight, ratio };
}

const images = new WeakMap<HTMLCanvasElement, ImageData>();

/** An image of the canvas's size to paint into, cleared; the same one each time while the size stays. */
export function pixelsOf(canvas: HTMLCanvasElement): { image: ImageData; pixels: Uint32Array } {
  let image = images.get(canvas);
  if (!image || image.width !== canvas.width || image.height !== canvas.height) {
    images.set(canvas, (image = new ImageData(canvas.width, canvas.height)));
  }
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(0);
  return { image, pixels };
}

export interface Repaint {
  /** CSS pixels. */
  width: number;
  height: number;
  paint: (surface: Surface) => void;
}

export const repaints = new WeakMap<HTMLCanvasElement, Repaint>();
