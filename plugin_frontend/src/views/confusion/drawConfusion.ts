/** Paints a confusion matrix: the cells in their colours, the diagonal apart, numbers where they fit, the kept cell outlined. */
import { inkOn } from "../../color/ramp";
import { colorIndex, type ColorScale } from "../../color/scale";
import type { Viewport } from "../../draw/heatmap";
import { drawMatrix } from "../../draw/drawMatrix";
import { outline } from "../../draw/outline";
import type { Surface } from "../../draw/surface";
import { themeColors } from "../../host/colors";
import type { Cell } from "../../model/confusion";
import type { Diagonal } from "../../model/confusionValues";
import type { AttentionMap } from "../../model/maps";

export interface ConfusionPicture {
  map: AttentionMap;
  view: Viewport;
  scale: ColorScale;
  diagonal: Diagonal;
  /** Before which rows and columns a line is drawn: where groups end. */
  lines: number[];
  /** The number in a cell and the value that its colour says; null for cells that stay empty. */
  number: (truth: number, predicted: number) => { text: string; value: number } | null;
  pointed: Cell | null;
  kept: Cell | null;
  /** A class that was searched: its row and column are outlined. */
  found: number | null;
}

/** CSS pixels that a cell needs for a number in it, and for its own grey on the diagonal. */
const SMALLEST_FOR_NUMBERS = 22;
const SMALLEST_FOR_GREY = 2;

export function drawConfusion(surface: Surface, picture: ConfusionPicture): void {
  const { context, width, height, ratio } = surface;
  const { map, view, scale, diagonal } = picture;
  const color = themeColors();
  const marks =
    picture.found === null
      ? []
      : (["row", "column"] as const).map((along) => ({
          along,
          index: picture.found ?? -1,
          color: color("--text"),
          thickness: 1,
        }));
  const { lines } = picture;
  drawMatrix(surface, { map, view, scale, rowLines: [], columnLines: [], marks, page: color("--bg") });
  const pitch = width / (view.x1 - view.x0);
  const x = (column: number) => Math.round((column - view.x0) * pitch);
  const y = (row: number) => Math.round(((row - view.y0) / (view.y1 - view.y0)) * height);
  const [first, last] = [Math.max(0, Math.floor(view.y0)), Math.min(map.rows, Math.ceil(view.y1))];
  const [left, right] = [Math.max(0, Math.floor(view.x0)), Math.min(map.rows, Math.ceil(view.x1))];
  context.fillStyle = diagonal === "dimmed" ? color("--line") : color("--page");
  const apart = diagonal !== "coloured" && pitch >= SMALLEST_FOR_GREY;
  for (let i = Math.max(first, left); apart && i < Math.min(last, right); i++) {
    context.fillRect(x(i), y(i), x(i + 1) - x(i), y(i + 1) - y(i));
  }
  context.fillStyle = color("--text2");
  for (const index of lines) {
    context.fillRect(x(index), 0, Math.ceil(ratio / 2), height);
    context.fillRect(0, y(index), width, Math.ceil(ratio / 2));
  }
  if (pitch >= SMALLEST_FOR_NUMBERS * ratio) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `${Math.round(Math.min(13, pitch / ratio / 3) * ratio)}px Roboto, Arial, sans-serif`;
    for (let truth = first; truth < last; truth++) {
      for (let predicted = left; predicted < right; predicted++) {
        if (truth === predicted && diagonal === "hidden") continue;
        const number = picture.number(truth, predicted);
        if (!number) continue;
        const grey = truth === predicted && diagonal === "dimmed";
        context.fillStyle = grey ? color("--text") : inkOn(scale.ramp, colorIndex(scale, number.value));
        context.fillText(number.text, (x(predicted) + x(predicted + 1)) / 2, (y(truth) + y(truth + 1)) / 2);
      }
    }
  }
  for (const [cell, stroke] of [
    [picture.pointed, "--text"],
    [picture.kept, "--sel"],
  ] as const) {
    if (!cell) continue;
    // A cell of a pixel could not be seen inside its outline: the outline steps back.
    const back = pitch < 8 * ratio ? 2 * ratio : 0;
    const rect = {
      x: x(cell.predicted) - back,
      y: y(cell.truth) - back,
      width: x(cell.predicted + 1) - x(cell.predicted) + 2 * back,
      height: y(cell.truth + 1) - y(cell.truth) + 2 * back,
    };
    outline(context, rect, color(stroke), color("--bg"), 2 * ratio);
  }
}
