/** A sample's picture as a canvas of the same size, to draw from. */
import type { NpyArray } from "../api/npy";
import { frameOf } from "../model/madePicture";

const canvases = new WeakMap<object, HTMLCanvasElement>();

/** `picture`: bytes (height, width, channels), one channel for grey, three for red, green, blue; of several frames the middle one. */
export function pictureCanvas(given: NpyArray): HTMLCanvasElement {
  const picture = given.shape.length === 4 ? frameOf(given, given.shape[0]! >> 1)! : given;
  const known = canvases.get(picture.data);
  if (known) return known;
  const [height = 1, width = 1, channels = 1] = picture.shape;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = picture.data[i * channels + (channels >= 3 ? c : 0)] ?? 0;
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  canvases.set(picture.data, canvas);
  return canvas;
}

const BLANK_CELL = 8;

/** What is drawn on where a grid lies in no picture: an even plane with its proportions. */
export function blankPicture(rows: number, columns: number, color: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns * BLANK_CELL, rows * BLANK_CELL];
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.fillStyle = color;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}
