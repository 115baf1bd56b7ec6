/**
 * Records what a view paints on its canvas: lines, rectangles and texts as such, cells and pictures as images of exactly the
 * pixels that they have. What the recorder does not know makes it fail, and the whole canvas becomes one image.
 */
import type { Repaint } from "../../draw/surface";
import { colorOf, faded } from "./color";
import { rectangle, type Box, type Image, type Item, type Segment, type Shape, type Text } from "./scene";

const FINER = 2;
const MOST_ITEMS = 20_000;

type Drawn = Shape | Text | Image;
type Source = CanvasImageSource & { width: number; height: number };

class Unrecorded extends Error {}

function blank(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return canvas.getContext("2d")!;
}

class Recorder {
  readonly items: Drawn[] = [];
  readonly canvas: HTMLCanvasElement;
  globalAlpha = 1;
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  lineCap = "butt";
  lineJoin = "miter";
  font = "10px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";
  imageSmoothingEnabled = true;
  imageSmoothingQuality = "low";
  #dash: number[] = [];
  #path: Segment[] = [];
  #matrix = new DOMMatrix();
  #kept: [DOMMatrix, Partial<Recorder>][] = [];
  /** Images that follow one another share one canvas; its part that was drawn to becomes an item. */
  #layer: { context: CanvasRenderingContext2D; drawn: Box } | null = null;
  readonly #measure: CanvasRenderingContext2D;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly ratio: number,
  ) {
    this.#measure = blank(width, height);
    this.canvas = this.#measure.canvas;
  }

  /** Device pixels after the transformation, as CSS pixels. */
  #point = (x: number, y: number): [number, number] => {
    const { a, b, c, d, e, f } = this.#matrix;
    return [(a * x + c * y + e) / this.ratio, (b * x + d * y + f) / this.ratio];
  };

  get #scale(): number {
    return Math.hypot(this.#matrix.a, this.#matrix.b) / this.ratio;
  }

  #add(item: Drawn): void {
    this.#closeLayer();
    this.items.push(item);
    if (this.items.length > MOST_ITEMS) throw new Unrecorded();
  }

  #shape(segments: Segment[], fill: string | null, stroke: string | null): void {
    const paint = (style: string | null) => {
      if (style === null) return null;
      if (typeof style !== "string") throw new Unrecorded();
      return faded(colorOf(style), this.globalAlpha);
    };
    const [inside, line] = [paint(fill), paint(stroke)];
    if (!inside && !line) return;
    const scale = this.#scale;
    const dash = this.#dash.map((part) => part * scale);
    this.#add({ kind: "path", segments, fill: inside, stroke: line, lineWidth: this.lineWidth * scale, dash });
  }

  #corners(x: number, y: number, width: number, height: number): Segment[] {
    return rectangle({ x, y, width, height }).map((segment) =>
      segment.kind === "move" || segment.kind === "line" ? { ...segment, at: this.#point(...segment.at) } : segment,
    );
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.#shape(this.#corners(x, y, width, height), this.fillStyle, null);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#shape(this.#corners(x, y, width, height), null, this.strokeStyle);
  }

  clearRect(x: number, y: number, width: number, height: number): void {
    const whole = x <= 0 && y <= 0 && this.#point(x + width, 0)[0] >= this.width / this.ratio - 1;
    if (!whole || this.#point(0, y + height)[1] < this.height / this.ratio - 1) throw new Unrecorded();
    this.items.length = 0;
    this.#layer = null;
  }

  beginPath(): void {
    this.#path = [];
  }

  moveTo(x: number, y: number): void {
    this.#path.push({ kind: "move", at: this.#point(x, y) });
  }

  lineTo(x: number, y: number): void {
    this.#path.push({ kind: "line", at: this.#point(x, y) });
  }

  bezierCurveTo(a: number, b: number, c: number, d: number, x: number, y: number): void {
    this.#path.push({ kind: "curve", at: [...this.#point(a, b), ...this.#point(c, d), ...this.#point(x, y)] });
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#path.push(...this.#corners(x, y, width, height));
  }

  /** A whole circle. */
  arc(x: number, y: number, radius: number, from: number, to: number): void {
    if (from !== 0 || to !== 2 * Math.PI) throw new Unrecorded();
    const handle = radius * 0.5523;
    this.moveTo(x + radius, y);
    this.bezierCurveTo(x + radius, y + handle, x + handle, y + radius, x, y + radius);
    this.bezierCurveTo(x - handle, y + radius, x - radius, y + handle, x - radius, y);
    this.bezierCurveTo(x - radius, y - handle, x - handle, y - radius, x, y - radius);
    this.bezierCurveTo(x + handle, y - radius, x + radius, y - handle, x + radius, y);
    this.closePath();
  }

  closePath(): void {
    this.#path.push({ kind: "close" });
  }

  stroke(): void {
    this.#shape([...this.#path], null, this.strokeStyle);
  }

  fill(): void {
    this.#shape([...this.#path], this.fillStyle, null);
  }

  setLineDash(dash: number[]): void {
    this.#dash = dash;
  }

  fillText(text: string, x: number, y: number): void {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 10);
    const weight = Number(/\b([1-9]00)\b/.exec(this.font)?.[1] ?? (this.font.includes("bold") ? 700 : 400));
    const { width, fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = this.measureText(text);
    const back =
      this.textAlign === "center" ? width / 2 : this.textAlign === "right" || this.textAlign === "end" ? width : 0;
    const lower =
      this.textBaseline === "middle"
        ? (up - down) / 2
        : this.textBaseline === "top"
          ? up
          : this.textBaseline === "bottom"
            ? -down
            : 0;
    const color = faded(colorOf(this.fillStyle), this.globalAlpha);
    const [left, base] = this.#point(x - back, y + lower);
    const angle = (Math.atan2(this.#matrix.b, this.#matrix.a) * 180) / Math.PI;
    const scale = this.#scale;
    if (color)
      this.#add({
        kind: "text",
        text,
        x: left,
        y: base,
        width: width * scale,
        direction: "ltr",
        size: size * scale,
        weight,
        color,
        angle,
      });
  }

  measureText(text: string): TextMetrics {
    this.#measure.font = this.font;
    return this.#measure.measureText(text);
  }

  createImageData(width: number, height: number): ImageData {
    return new ImageData(width, height);
  }

  putImageData(image: ImageData, x: number, y: number): void {
    const context = blank(image.width, image.height);
    context.putImageData(image, 0, 0);
    this.#paint({ x, y, width: image.width, height: image.height }, (layer) => layer.drawImage(context.canvas, x, y));
  }

  drawImage(source: Source, ...place: number[]): void {
    const { a, b, c, d, e, f } = this.#matrix;
    if (b !== 0 || c !== 0) throw new Unrecorded();
    const target = place.length === 8 ? place.slice(4) : place;
    const [x = 0, y = 0, width = source.width, height = source.height] = target;
    const box = { x: a * x + e, y: d * y + f, width: a * width, height: d * height };
    this.#paint(box, (layer) => {
      layer.setTransform(this.#matrix);
      layer.globalAlpha = this.globalAlpha;
      layer.imageSmoothingEnabled = this.imageSmoothingEnabled;
      (layer.drawImage as (...all: unknown[]) => void)(source, ...place);
    });
  }

  #paint(box: Box, paint: (layer: CanvasRenderingContext2D) => void): void {
    this.#layer ??= { context: blank(this.width, this.height), drawn: { ...box } };
    const { context, drawn } = this.#layer;
    context.save();
    paint(context);
    context.restore();
    const [right, bottom] = [
      Math.max(drawn.x + drawn.width, box.x + box.width),
      Math.max(drawn.y + drawn.height, box.y + box.height),
    ];
    [drawn.x, drawn.y] = [Math.min(drawn.x, box.x), Math.min(drawn.y, box.y)];
    [drawn.width, drawn.height] = [right - drawn.x, bottom - drawn.y];
  }

  #closeLayer(): void {
    if (!this.#layer) return;
    const { context, drawn } = this.#layer;
    this.#layer = null;
    const [x, y] = [Math.max(0, Math.floor(drawn.x)), Math.max(0, Math.floor(drawn.y))];
    const width = Math.min(this.width, Math.ceil(drawn.x + drawn.width)) - x;
    const height = Math.min(this.height, Math.ceil(drawn.y + drawn.height)) - y;
    if (width < 1 || height < 1) return;
    const part = blank(width, height);
    part.drawImage(context.canvas, -x, -y);
    const [at, per] = [{ x: x / this.ratio, y: y / this.ratio }, 1 / this.ratio];
    this.items.push({ kind: "image", ...at, width: width * per, height: height * per, canvas: part.canvas });
  }

  save(): void {
    const { globalAlpha, fillStyle, strokeStyle, lineWidth, font, textAlign, textBaseline, imageSmoothingEnabled } =
      this;
    const state = {
      globalAlpha,
      fillStyle,
      strokeStyle,
      lineWidth,
      font,
      textAlign,
      textBaseline,
      imageSmoothingEnabled,
    };
    this.#kept.push([DOMMatrix.fromMatrix(this.#matrix), state]);
  }

  restore(): void {
    const kept = this.#kept.pop();
    if (!kept) return;
    this.#matrix = kept[0];
    Object.assign(this, kept[1]);
  }

  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.#matrix = new DOMMatrix([a, b, c, d, e, f]);
  }

  translate(x: number, y: number): void {
    this.#matrix.translateSelf(x, y);
  }

  rotate(radians: number): void {
    this.#matrix.rotateSelf((radians * 180) / Math.PI);
  }

  scale(x: number, y: number): void {
    this.#matrix.scaleSelf(x, y);
  }

  finish(): Drawn[] {
    this.#closeLayer();
    return this.items;
  }
}

function raster({ width, height, paint }: Repaint, ratio: number): Image {
  const context = blank(Math.round(width * ratio), Math.round(height * ratio));
  paint({ context, width: context.canvas.width, height: context.canvas.height, ratio });
  return { kind: "image", x: 0, y: 0, width, height, canvas: context.canvas };
}

/** What a canvas shows, in CSS pixels from its corner. */
export function record(repaint: Repaint): Item[] {
  const ratio = FINER * (window.devicePixelRatio || 1);
  const [width, height] = [Math.round(repaint.width * ratio), Math.round(repaint.height * ratio)];
  const recorder = new Recorder(width, height, ratio);
  const context = new Proxy(recorder, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (value === undefined) throw new Unrecorded(String(name));
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  }) as unknown as CanvasRenderingContext2D;
  let drawn: Drawn[];
  try {
    repaint.paint({ context, width, height, ratio });
    drawn = recorder.finish();
  } catch (error) {
    if (!(error instanceof Unrecorded)) throw error;
    drawn = [raster(repaint, ratio)];
  }
  return drawn.map((item) => ({ ...item, clip: null }));
}
