/** A sound as its wave and its spectrogram, or a series as its lines; with what a row looks at tinted. */
import type { Frame } from "../model/frames";
import type { Signal } from "../model/signal";
import { spectrogramOf } from "../model/spectrogram";
import type { Crop, Tint } from "./tinted";

/** Of the height of a sound that its wave takes. */
const WAVE = 0.38;

export interface SignalColors {
  page: string;
  line: string;
  /** Of the spectrogram: "0,0,0" on a light page. */
  ink: string;
}

/** Draws the signal over the whole canvas. */
export function drawSignal(context: CanvasRenderingContext2D, signal: Signal, { page, line, ink }: SignalColors): void {
  const { width, height } = context.canvas;
  context.fillStyle = page;
  context.fillRect(0, 0, width, height);
  const [first] = signal.lines;
  if (!first) return;
  if (signal.rate === null) {
    const high = height / signal.lines.length;
    signal.lines.forEach((values, i) => drawSeries(context, values, { x: 0, y: i * high, width, height: high }, line));
    return;
  }
  const wave = Math.round(height * WAVE);
  drawWave(context, first, { x: 0, y: 0, width, height: wave }, line);
  context.imageSmoothingEnabled = true;
  context.drawImage(spectrogramCanvas(first, signal.rate, ink), 0, wave, width, height - wave);
}

function drawWave(context: CanvasRenderingContext2D, sound: Float32Array, within: Crop, color: string): void {
  const { x, y, width, height } = within;
  const largest = sound.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-9);
  context.fillStyle = color;
  for (let column = 0; column < width; column++) {
    const from = Math.floor((column / width) * sound.length);
    const to = Math.max(from + 1, Math.floor(((column + 1) / width) * sound.length));
    let [low, high] = [Infinity, -Infinity];
    for (let i = from; i < to; i++) {
      low = Math.min(low, sound[i] ?? 0);
      high = Math.max(high, sound[i] ?? 0);
    }
    const top = y + (0.5 - (0.48 * high) / largest) * height;
    const bottom = y + (0.5 - (0.48 * low) / largest) * height;
    context.fillRect(x + column, top, 1, Math.max(1, bottom - top));
  }
}

/** A line from the smallest to the largest of its values; points that are not finite are left out. */
function drawSeries(context: CanvasRenderingContext2D, values: Float32Array, within: Crop, color: string): void {
  const { x, y, width, height } = within;
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const span = finite.reduce((a, b) => Math.max(a, b), -Infinity) - low || 1;
  context.strokeStyle = color;
  context.lineWidth = Math.max(1, 1.5 * (window.devicePixelRatio || 1));
  context.lineJoin = "round";
  context.beginPath();
  let drawn = false;
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return void (drawn = false);
    const [px, py] = [x + ((i + 0.5) / values.length) * width, y + (0.94 - (0.88 * (value - low)) / span) * height];
    if (drawn) context.lineTo(px, py);
    else context.moveTo(px, py);
    drawn = true;
  });
  context.stroke();
}

const canvases = new WeakMap<Float32Array, Map<string, HTMLCanvasElement>>();

function spectrogramCanvas(sound: Float32Array, rate: number, ink: string): HTMLCanvasElement {
  const made = canvases.get(sound) ?? new Map<string, HTMLCanvasElement>();
  canvases.set(sound, made);
  const before = made.get(ink);
  if (before) return before;
  const { columns, rows, loudness } = spectrogramOf(sound, rate);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  const image = context?.createImageData(columns, rows);
  if (context && image) {
    const [red = 0, green = 0, blue = 0] = ink.split(",").map(Number);
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) {
        const at = 4 * ((rows - 1 - row) * columns + column);
        image.data.set([red, green, blue, 200 * loudness[column * rows + row]!], at);
      }
    }
    context.putImageData(image, 0, 0);
  }
  made.set(ink, canvas);
  return canvas;
}

/** Tints each frame by its weight, over the whole height; where frames overlap, the largest of their weights is seen. */
export function drawFrames(
  context: CanvasRenderingContext2D,
  frames: Frame[],
  shown: number[],
  { values, rgb, full, opacity = 0.6 }: Tint,
): void {
  const { width, height } = context.canvas;
  const columns = new Float32Array(width);
  for (const position of shown) {
    const { start, end } = frames[position] ?? { start: NaN, end: NaN };
    const value = Math.abs(values[position] ?? 0);
    const from = Math.round(start * width);
    for (let column = from; column < Math.max(from + 1, Math.round(end * width)); column++)
      if (value > columns[column]!) columns[column] = value;
  }
  for (let column = 0; column < width; column++) {
    if (!columns[column]) continue;
    context.fillStyle = `rgba(${rgb},${(Math.min(columns[column]! / full, 1) * opacity).toFixed(3)})`;
    context.fillRect(column, 0, 1, height);
  }
}

/** Where a frame lies on the canvas; null for extra positions. */
export function frameRect(
  context: CanvasRenderingContext2D,
  frames: Frame[],
  position: number,
  inset: number,
): Crop | null {
  const frame = frames[position];
  if (!frame || Number.isNaN(frame.start)) return null;
  const { width, height } = context.canvas;
  const x = Math.max(inset, frame.start * width);
  const end = Math.min(width - inset, frame.end * width);
  return { x, y: inset, width: Math.max(2, end - x), height: height - 2 * inset };
}
