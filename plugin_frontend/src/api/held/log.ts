/**
 * Answers the plugin's routes from the log that a page of its own holds (tb_attention/export makes it): lines of base64, the
 * first a gzip file of JSON, the others the very bodies of the plugin's answers.
 */
import { gunzip } from "../gzip";
import type { RunsAnswer, SamplesAnswer, SeriesAnswer } from "../wire";
import { overviews } from "./overviews";
import { history, matrices } from "./matrices";
import { meanRows } from "./rows";

/** `bodies`: the line of each array by its name; `series` and `samples`: an item for each series, `samples` by name of the set. */
export interface HeldIndex {
  answers: { runs: RunsAnswer; series: SeriesAnswer[]; samples: Record<string, SamplesAnswer>[] };
  bodies: Record<string, number>;
}

export interface HeldLog {
  index: Promise<HeldIndex>;
  body: (line: number) => Uint8Array<ArrayBuffer>;
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function indexOf(file: Uint8Array<ArrayBuffer>): Promise<HeldIndex> {
  return JSON.parse(new TextDecoder().decode(await gunzip(file))) as HeldIndex;
}

/** `text` is read at the first question, once the whole page is there. */
export function heldLog(text: () => string): HeldLog {
  let lines: string[] | null = null;
  const all = () => (lines ??= text().split("\n"));
  let index: Promise<HeldIndex> | null = null;
  return {
    get index() {
      return (index ??= indexOf(fromBase64(all()[0] ?? "")));
    },
    body: (line) => fromBase64(all()[line + 1] ?? ""),
  };
}

/** What comes behind the place of the series in the name of a route's array. */
const NAMES: Record<string, string[]> = {
  thumbnails: ["set"],
  image: ["set", "sample", "input"],
  overview: ["step", "sample"],
  weights: ["step", "sample", "site"],
  features: ["step", "sample", "site"],
  sink: ["step", "sample", "site"],
  measures: ["sample"],
  matrix: ["step", "split"],
  labels: ["step", "split"],
  histogram: ["step", "split"],
  order: ["step"],
};

function refusal(sentence: string): Response {
  return Response.json({ error: sentence }, { status: 404 });
}

/** A transport as `fetch` is one. */
export function answerFrom(log: HeldLog): (url: string) => Promise<Response> {
  return async (url) => {
    const { pathname, searchParams: params } = new URL(url);
    const route = pathname.slice(pathname.lastIndexOf("/") + 1);
    const { answers, bodies } = await log.index;
    if (route === "runs") return Response.json(answers.runs);
    const place = answers.series.findIndex(({ tag }) => tag === params.get("tag"));
    const series = answers.series[place];
    if (!series) return refusal("This page does not hold that series.");
    if (route === "series") return Response.json(series);
    if (route === "samples") {
      const samples = answers.samples[place]?.[params.get("set") ?? ""];
      return samples ? Response.json(samples) : refusal("This page does not hold these samples.");
    }
    const array = (name: string, ...rest: unknown[]) => {
      const line = bodies[[name, place, ...rest].join("/")];
      return line === undefined ? null : log.body(line);
    };
    if (route === "overviews") return overviews(params, (step, sample) => array("overview", step, sample));
    if (route === "matrices") return matrices(series, params, (step, split) => array("matrix", step, split));
    if (route === "history") return history(series, params, (name, step, split) => array(name, step, split));
    if (route === "examples")
      return Response.json({ step: params.get("step"), samples: null, sample_count: 0, examples: [] });
    if (route === "rows") return meanRows(series, params, (step, sample, site) => array("weights", step, sample, site));
    const found = array(route, ...(NAMES[route] ?? []).map((name) => params.get(name)));
    return found ? new Response(found) : refusal("This page does not hold that part of the log.");
  };
}
