/** The route `received` in a stand-alone page: what each key gets, computed from the weights that the page holds. */
import { gunzip } from "../gzip";
import { readNpy } from "../npy";
import { gzipped, npyFile } from "../npyFile";
import type { Sample, SeriesAnswer, Step } from "../wire";
import { decodeRows } from "../../model/encoding";
import { mapShape } from "../../model/maps";
import { positionsOf } from "../../model/positions";
import { meanRow } from "./rows";

type Weights = (step: Step, sample: number, site: number) => Uint8Array<ArrayBuffer> | null;

/** As in http_api.md; NaN for samples that the page does not hold. Null without the step or the site. */
export async function received(
  series: SeriesAnswer,
  samples: Sample[],
  params: URLSearchParams,
  weights: Weights,
): Promise<Response | null> {
  const step = series.steps.find((record) => String(record.step) === params.get("step"));
  const index = Number(params.get("site"));
  const site = series.site_sets[step?.sites ?? -1]?.[index];
  if (!step || !site) return null;
  const { keys } = mapShape(site);
  const head = Number(params.get("head"));
  const values = new Float32Array(step.sample_count * keys).fill(NaN);
  const last = site.shape.at(-1) ?? 1;
  for (let sample = 0; sample < step.sample_count; sample++) {
    const body = weights(step.step, sample, index);
    if (!body) continue;
    const decoded = decodeRows(
      readNpy(await gunzip(body)).data,
      site.encoding,
      site.shape.reduce((a, b) => a * b, 1) / last,
      last,
    );
    const row = meanRow(site, decoded, positionsOf(site, "query", samples[sample] ?? null).shown);
    values.set(row.subarray(head * keys, (head + 1) * keys), sample * keys);
  }
  return new Response(await gzipped(npyFile([step.sample_count, keys], values)));
}
