/** A scene as PNG, at twice the screen's size where the browser can. */
import type { Color, Item, Scene } from "./scene/scene";

/** Browsers draw nothing on a canvas that is wider or higher than this. */
const MOST_PIXELS = 16_384;

const css = ([r, g, b, a]: Color) => `rgba(${r},${g},${b},${a})`;

function draw(context: CanvasRenderingContext2D, item: Item): void {
  switch (item.kind) {
    case "path":
      context.beginPath();
      for (const segment of item.segments) {
        if (segment.kind === "close") context.closePath();
        else if (segment.kind === "curve") context.bezierCurveTo(...segment.at);
        else if (segment.kind === "move") context.moveTo(...segment.at);
        else context.lineTo(...segment.at);
      }
      if (item.fill) {
        context.fillStyle = css(item.fill);
        context.fill();
      }
      if (item.stroke) {
        context.strokeStyle = css(item.stroke);
        context.lineWidth = item.lineWidth;
        context.setLineDash(item.dash);
        context.stroke();
      }
      return;
    case "text":
      context.translate(item.x, item.y);
      context.rotate((item.angle * Math.PI) / 180);
      context.fillStyle = css(item.color);
      context.font = `${item.weight} ${item.size}px Roboto, "Helvetica Neue", Arial, sans-serif`;
      context.direction = item.direction;
      context.textAlign = "left";
      context.fillText(item.text, 0, 0);
      return;
    case "image":
      context.drawImage(item.canvas, item.x, item.y, item.width, item.height);
  }
}

export function painted(scene: Scene, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(scene.width * ratio), Math.round(scene.height * ratio)];
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.scale(ratio, ratio);
  context.fillStyle = css(scene.background);
  context.fillRect(0, 0, scene.width, scene.height);
  for (const item of scene.items) {
    context.save();
    if (item.clip) {
      context.beginPath();
      context.rect(item.clip.x, item.clip.y, item.clip.width, item.clip.height);
      context.clip();
    }
    draw(context, item);
    context.restore();
  }
  return canvas;
}

export function pngFile(scene: Scene): Promise<Blob | null> {
  const finest = MOST_PIXELS / Math.max(scene.width, scene.height);
  const canvas = painted(scene, Math.min(finest, 2 * (window.devicePixelRatio || 1)));
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
