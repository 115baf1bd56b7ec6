/** The route `rows` in a stand-alone page: what some queries attend to, computed from the weights that the page holds. */
import { gunzip } from "../gzip";
import { readNpy } from "../npy";
import { gzipped, npyFile } from "../npyFile";
import { indicesOf } from "../ranges";
import type { SeriesAnswer, Site, Step } from "../wire";
import { decodeRows } from "../../model/encoding";
import { hasQueries, mapShape } from "../../model/maps";

type Weights = (step: Step, sample: number, site: number) => Uint8Array<ArrayBuffer> | null;

/** The mean over some queries, over iterations and windows, as (heads, keys); NaN where no query is left. */
export function meanRow(site: Site, weights: Float32Array, queries: number[]): Float32Array {
  const { heads, iterations, windows, queries: count, keys } = mapShape(site);
  const inside = hasQueries(site) ? queries.filter((query) => query < count) : [0];
  const maps = iterations * windows;
  const means = new Float32Array(heads * keys).fill(inside.length ? 0 : NaN);
  for (let head = 0; head < heads; head++) {
    for (let map = 0; map < maps; map++) {
      for (const query of inside) {
        const from = ((head * maps + map) * count + query) * keys;
        for (let key = 0; key < keys; key++) {
          means[head * keys + key]! += (weights[from + key] ?? NaN) / (maps * inside.length);
        }
      }
    }
  }
  return means;
}

/** The answer; as in http_api.md, over the steps of a site or over the sites of a step. */
export async function meanRows(series: SeriesAnswer, params: URLSearchParams, weights: Weights): Promise<Response> {
  const sample = Number(params.get("sample"));
  const queries = indicesOf(params.get("queries") ?? "");
  const sitesOf = (step: SeriesAnswer["steps"][number]) => series.site_sets[step.sites ?? -1] ?? [];
  const row = async (step: Step, site: Site, index: number) => {
    const body = weights(step, sample, index);
    if (!body) return null;
    const { data } = readNpy(await gunzip(body));
    const last = site.shape.at(-1) ?? 1;
    const all = site.shape.reduce((a, b) => a * b, 1) / last;
    return meanRow(site, decodeRows(data, site.encoding, all, last), queries);
  };
  if (params.has("step")) {
    const step = series.steps.find((other) => String(other.step) === params.get("step"));
    const rows = step ? await Promise.all(sitesOf(step).map((site, index) => row(step.step, site, index))) : [];
    const flat = rows.flatMap((each) => (each ? [...each] : []));
    return new Response(await gzipped(npyFile([flat.length], Float32Array.from(flat))));
  }
  const newest = series.steps.at(-1);
  const wanted = newest && sitesOf(newest)[Number(params.get("site"))];
  const rows = await Promise.all(
    series.steps.map((step) => {
      const index = sitesOf(step).findIndex((site) => site.path === wanted?.path);
      return index < 0 ? null : row(step.step, sitesOf(step)[index]!, index);
    }),
  );
  const { heads, keys } = wanted ? mapShape(wanted) : { heads: 0, keys: 0 };
  const values = new Float32Array(rows.length * heads * keys).fill(NaN);
  rows.forEach((each, step) => each?.length === heads * keys && values.set(each, step * heads * keys));
  return new Response(await gzipped(npyFile([rows.length, heads, keys], values)));
}
