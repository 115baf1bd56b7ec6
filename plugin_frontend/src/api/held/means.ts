/** Means and standard deviations over samples in a stand-alone page, computed from the arrays of single samples that it holds. */
import { gunzip } from "../gzip";
import { readNpy, type NumberArray } from "../npy";
import { gzipped, npyFile } from "../npyFile";
import { indicesOf } from "../ranges";
import type { Encoding, Sample, SeriesAnswer, Site } from "../wire";
import { decodeRows, encodeRows } from "../../model/encoding";
import { verdict } from "../../model/samples";

type Body = Uint8Array<ArrayBuffer> | null;
interface Encoded {
  shape: number[];
  encoding: Encoding;
}

interface Made {
  shape: number[];
  data: Uint8Array | Float32Array;
}

const rowsOf = ({ shape }: Encoded) => shape.slice(0, -1).reduce((a, b) => a * b, 1);
const columnsOf = ({ shape }: Encoded) => shape.at(-1) ?? 1;

/** The mean, or the standard deviation, of each number over several arrays. A NaN makes its number NaN. */
export function moment(arrays: Float32Array[], deviation: boolean): Float32Array {
  const [first = new Float32Array(0)] = arrays;
  return Float32Array.from(first, (_, i) => {
    let sum = 0;
    for (const array of arrays) sum += array[i]!;
    const mean = sum / arrays.length;
    if (!deviation) return mean;
    let squares = 0;
    for (const array of arrays) squares += (array[i]! - mean) ** 2;
    return Math.sqrt(squares / arrays.length);
  });
}

/** The moment of some stored arrays, stored as they are. */
function ofStored(stored: NumberArray[], as: Encoded, deviation: boolean): Uint8Array | Float32Array {
  const decoded = stored.map((array) => decodeRows(array, as.encoding, rowsOf(as), columnsOf(as)));
  return encodeRows(moment(decoded, deviation), as.encoding, columnsOf(as));
}

/** Of the sites at a step: their one part of the body of `overview`, or an array of one of them. */
function ofMaps(route: string, sites: Site[], params: URLSearchParams, stored: NumberArray[]): Made | null {
  const deviation = Number(params.get("deviation")) > 0;
  if (route !== "overview") {
    const site = sites[Number(params.get("site"))];
    const as = route === "weights" ? site : site?.[route as "features" | "sink"];
    if (!as) return null;
    const data = ofStored(stored, as, deviation);
    return { shape: data instanceof Float32Array ? as.shape : [data.length], data };
  }
  const whole = new Uint8Array(stored[0]?.length ?? 0);
  for (const { overview } of sites) {
    const { offset, bytes } = overview;
    const parts = stored.map((array) => array.subarray(offset, offset + bytes));
    whole.set(ofStored(parts, overview, deviation) as Uint8Array, offset);
  }
  return { shape: [whole.length], data: whole };
}

/** Of measures, at each step over the samples that belong: a measure without meaning does not count, a diverged head is NaN. */
function ofMeasures(series: SeriesAnswer, samples: Sample[], params: URLSearchParams, stored: NumberArray[]): Made {
  const chosen = indicesOf(params.get("samples") ?? "");
  const [wanted, deviation] = [params.get("verdict"), Number(params.get("deviation")) > 0];
  const count = series.measures.length;
  const size = (stored[0]?.length ?? 0) / Math.max(1, series.steps.length);
  const values = new Float32Array(size * series.steps.length).fill(NaN);
  series.steps.forEach((record, step) => {
    const belongs = chosen.map((index) => {
      const right = samples[index] ? verdict(samples[index], record.predictions?.[index]) : null;
      return wanted === null || (right !== null && right === (wanted === "right"));
    });
    for (let head = step * size; head < (step + 1) * size; head += count) {
      const rows = stored.filter((_, i) => belongs[i]).map((array) => [...array.subarray(head, head + count)]);
      if (rows.some((row) => row.every(Number.isNaN))) continue;
      series.measures.forEach((_, measure) => {
        const known = rows.map((row) => row[measure]!).filter((value) => !Number.isNaN(value));
        if (known.length)
          values[head + measure] = moment(
            known.map((value) => Float32Array.of(value)),
            deviation,
          )[0]!;
      });
    }
  });
  return { shape: [series.steps.length, size / Math.max(1, count), count], data: values };
}

/** The answer to a request with `samples`, as in http_api.md; null where the page does not hold them. `body`: of one sample. */
export async function means(
  route: string,
  series: SeriesAnswer,
  samples: Sample[],
  params: URLSearchParams,
  body: (sample: number) => Body,
): Promise<Response | null> {
  const bodies = indicesOf(params.get("samples") ?? "").map(body);
  if (bodies.some((each) => each === null)) return null;
  const stored = await Promise.all(bodies.map(async (each) => readNpy(await gunzip(each!)).data));
  const step = series.steps.find((record) => String(record.step) === params.get("step"));
  const sites = series.site_sets[step?.sites ?? -1] ?? [];
  const made =
    route === "measures" ? ofMeasures(series, samples, params, stored) : ofMaps(route, sites, params, stored);
  return made && new Response(await gzipped(npyFile(made.shape, made.data)));
}
