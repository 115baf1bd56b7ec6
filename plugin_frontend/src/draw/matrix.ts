/** Draws a map large: its cells, thin lines between the rows of a picture's grid, the marked row and column. */
import type { ColorScale } from "../color/scale";
import type { AttentionMap } from "../model/maps";
import { paintMap, type Viewport } from "./heatmap";
import { outline } from "./patches";
import { pixelsOf, type Surface } from "./surface";

/** Rows and columns below this many CSS pixels are outlined from outside. */
const THIN = 8;

export interface MatrixMark {
  along: "row" | "column";
  place: number;
  color: string;
  thickness: number;
}

export interface MatrixPicture {
  map: AttentionMap;
  view: Viewport;
  scale: ColorScale;
  /** Places before which a thin line is drawn. */
  rowLines: number[];
  columnLines: number[];
  /** Drawn in this order; places below 0 are left out. */
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
  for (const column of picture.columnLines) context.fillRect(x(column), 0, 1, height);
  for (const row of picture.rowLines) context.fillRect(0, y(row), width, 1);
  context.globalAlpha = 1;
  const beyond = 2 * ratio;
  for (const { along, place, color, thickness } of picture.marks) {
    if (place < 0) continue;
    const at = along === "row" ? y : x;
    // A row that is thinner than its outline would be covered by it: the outline steps back.
    const size = at(place + 1) - at(place);
    const back = size < THIN * ratio ? thickness * ratio : 0;
    const [start, across] = [at(place) - back, size + 2 * back];
    const rect =
      along === "row"
        ? { x: -beyond, y: start, width: width + 2 * beyond, height: across }
        : { x: start, y: -beyond, width: across, height: height + 2 * beyond };
    outline(context, rect, color, picture.page, thickness * ratio);
  }
}
