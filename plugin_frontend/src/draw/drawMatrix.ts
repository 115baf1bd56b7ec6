/** Draws a map large: its cells, thin lines between the rows of a picture's grid, the marked row and column. */
import type { ColorScale } from "../color/scale";
import type { AttentionMap } from "../model/maps";
import { paintMap, type Viewport } from "./heatmap";
import { outline } from "./outline";
import { pixelsOf, type Surface } from "./surface";

/** Rows and columns below this many CSS pixels are outlined from outside. */
const THIN = 8;
/** Device pixels of the smallest cells between which lines are drawn. */
const SMALLEST_RULED = 3;
/** So far around a crossing of thin ones nothing is outlined, in CSS pixels. */
const HOLE = 9;

interface Span {
  from: number;
  size: number;
  /** Pixels a row or column. */
  pitch: number;
}

export interface MatrixMark {
  along: "row" | "column";
  index: number;
  color: string;
  thickness: number;
}

export interface MatrixPicture {
  map: AttentionMap;
  view: Viewport;
  scale: ColorScale;
  /** Indices before which a thin line is drawn. */
  rowLines: number[];
  columnLines: number[];
  /** Drawn in this order; indices below 0 are left out. */
  marks: MatrixMark[];
  page: string;
}

export function drawMatrix({ context, width, height, ratio }: Surface, picture: MatrixPicture): void {
  const { map, view, scale } = picture;
  const { image, pixels } = pixelsOf(context.canvas);
  paintMap(pixels, image.width, { x: 0, y: 0, width, height }, map, view, scale);
  context.putImageData(image, 0, 0);
  const x = (column: number) => Math.round(((column - view.x0) / (view.x1 - view.x0)) * width);
  const y = (row: number) => Math.round(((row - view.y0) / (view.y1 - view.y0)) * height);
  context.fillStyle = picture.page;
  context.globalAlpha = 0.55;
  // A line takes a pixel of a cell: where cells have few, they need them all.
  const roomy = (cells: number, length: number) => length / cells >= SMALLEST_RULED;
  const { columnLines, rowLines } = picture;
  if (roomy(view.x1 - view.x0, width)) for (const column of columnLines) context.fillRect(x(column), 0, 1, height);
  if (roomy(view.y1 - view.y0, height)) for (const row of rowLines) context.fillRect(0, y(row), width, 1);
  context.globalAlpha = 1;
  const marked = picture.marks.filter(({ index }) => index >= 0).map((mark) => ({ mark, span: spanOf(mark) }));
  context.save();
  clearCrossing(marked);
  const beyond = 2 * ratio;
  for (const { mark, span } of marked) {
    const { along, color, thickness } = mark;
    // A row that is thinner than its outline would be covered by it: the outline steps back, and one pixel more where rows
    // share pixels, because pooling may move them by one.
    const back = span.size < THIN * ratio ? thickness * ratio + (span.pitch < 1 ? 1 : 0) : 0;
    const [start, across] = [span.from - back, span.size + 2 * back];
    const rect =
      along === "row"
        ? { x: -beyond, y: start, width: width + 2 * beyond, height: across }
        : { x: start, y: -beyond, width: across, height: height + 2 * beyond };
    outline(context, rect, color, picture.page, thickness * ratio);
  }
  context.restore();

  /** The whole pixels of a row or column; one of several rows that share a pixel has that pixel. */
  function spanOf({ along, index }: MatrixMark): Span {
    const at = along === "row" ? y : x;
    const [start, pitch] =
      along === "row" ? [view.y0, height / (view.y1 - view.y0)] : [view.x0, width / (view.x1 - view.x0)];
    const from = pitch < 1 ? Math.floor((index - start) * pitch) : at(index);
    return { from, size: Math.max(1, at(index + 1) - at(index)), pitch };
  }

  /** Where a thin row and a thin column cross, the outlines leave a hole: what is pointed at and its neighbours stay in sight. */
  function clearCrossing(all: { mark: MatrixMark; span: Span }[]): void {
    const thin = (way: MatrixMark["along"]) =>
      all.find(({ mark, span }) => mark.along === way && span.size < THIN * ratio)?.span;
    const [row, column] = [thin("row"), thin("column")];
    if (!row || !column) return;
    const around = HOLE * ratio;
    const beyond = 10 * ratio;
    context.beginPath();
    context.rect(-beyond, -beyond, width + 2 * beyond, height + 2 * beyond);
    context.rect(column.from - around, row.from - around, column.size + 2 * around, row.size + 2 * around);
    context.clip("evenodd");
  }
}
