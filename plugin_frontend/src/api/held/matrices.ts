/** The routes `matrices` and `history` in a stand-alone page, computed from the matrices that the page holds. */
import { gunzip } from "../gzip";
import { readNpy, type NpyArray } from "../npy";
import { indicesOf } from "../ranges";
import type { SeriesAnswer, Step } from "../wire";
import { gzipped, npyFile, type Writable } from "../npyFile";

type Body = Uint8Array<ArrayBuffer> | null;

async function arrayOf(body: Body): Promise<NpyArray | null> {
  return body && readNpy(await gunzip(body));
}

const answer = async (shape: number[], data: Writable) => new Response(await gzipped(npyFile(shape, data)));

/** float32 (indices of steps, classes, classes); NaN for steps without the split. */
export async function matrices(
  series: SeriesAnswer,
  params: URLSearchParams,
  matrix: (step: Step, split: string) => Body,
): Promise<Response> {
  const indices = indicesOf(params.get("places") ?? "");
  const classes = series.steps.at(-1)?.classes ?? 0;
  const values = new Float32Array(indices.length * classes * classes).fill(NaN);
  for (const [at, index] of indices.entries()) {
    const step = series.steps[index];
    const found = step ? await arrayOf(matrix(step.step, params.get("split") ?? "")) : null;
    if (found?.data.length === classes * classes) values.set(found.data, at * classes * classes);
  }
  return answer([indices.length, classes, classes], values);
}

/** Of each class: correctly classified, of this class, predicted as this class; from a matrix, or from the 2 x 2 counts of labels. */
function sums({ shape, data }: NpyArray, labels: boolean): number[] {
  const classes = shape[0] ?? 0;
  const all = Array.from({ length: classes }, (_, i) => i);
  return all.flatMap((one) => {
    if (labels) {
      const [, wrong = 0, missed = 0, found = 0] = data.subarray(4 * one, 4 * one + 4);
      return [found, found + missed, found + wrong];
    }
    const at = (row: number, column: number) => data[row * classes + column] ?? 0;
    const total = (count: (other: number) => number) => all.reduce((sum, other) => sum + count(other), 0);
    return [at(one, one), total((other) => at(one, other)), total((other) => at(other, one))];
  });
}

/** float64 (steps, cells) of some cells, or (steps, classes, 3) of all classes. */
export async function history(
  series: SeriesAnswer,
  params: URLSearchParams,
  body: (route: "matrix" | "labels", step: Step, split: string) => Body,
): Promise<Response> {
  const split = params.get("split") ?? "";
  const classes = series.steps.at(-1)?.classes ?? 0;
  const cells = params
    .get("cells")
    ?.split(",")
    .map((cell) => cell.split(".").map(Number));
  const width = cells ? cells.length : 3 * classes;
  const values = new Float64Array(series.steps.length * width).fill(NaN);
  for (const [at, { step }] of series.steps.entries()) {
    const labels = cells ? null : await arrayOf(body("labels", step, split));
    const found = labels ?? (await arrayOf(body("matrix", step, split)));
    if (found?.shape[0] !== classes) continue;
    const row = cells
      ? cells.map(([truth = 0, predicted = 0]) => found.data[truth * classes + predicted] ?? 0)
      : sums(found, labels !== null);
    values.set(row, at * width);
  }
  return answer(cells ? [series.steps.length, width] : [series.steps.length, classes, 3], values);
}
