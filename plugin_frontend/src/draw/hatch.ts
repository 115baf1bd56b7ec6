/** How a value that is not a number is painted: hatched in two greys. */
const DARK = 0xff9a9a9a;
const LIGHT = 0xffc8c8c8;

/** The colour of a pixel of a hatched area. */
export const hatchAt = (x: number, y: number) => ((x + y) % 6 < 2 ? DARK : LIGHT);

/** A small hatched area of a canvas: one stroke across it. */
export function hatchRect(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.fillStyle = "#c8c8c8";
  context.fillRect(x, y, width, height);
  context.strokeStyle = "#767676";
  context.lineWidth = Math.max(1, Math.min(width, height) / 5);
  context.beginPath();
  context.moveTo(x, y + height);
  context.lineTo(x + width, y);
  context.stroke();
}
