/**
 * Answers the plugin's routes from the log inside a stand-alone page (tb_attention/export makes it): lines of base64. The first is a
 * gzip file of JSON, the others are the bodies of the plugin's answers.
 */
import { gunzip } from "../gzip";
import type { ExamplesAnswer, HeldIndex } from "../wire";
import { overviews } from "./overviews";
import { means } from "./means";
import { history, matrices } from "./matrices";
import { received } from "./received";
import { meanRows } from "./rows";

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

function refusal(sentence: string): Response {
  return Response.json({ error: sentence }, { status: 404 });
}

function noExamples(step: string): ExamplesAnswer {
  return { step: step === "init" ? step : Number(step), samples: null, sample_count: 0, examples: [] };
}

/** A transport as `fetch` is one. */
export function answerFrom(log: HeldLog): (url: string) => Promise<Response> {
  return async (url) => {
    const { pathname, searchParams: params } = new URL(url);
    const route = pathname.slice(pathname.lastIndexOf("/") + 1);
    const { answers, bodies, parameters } = await log.index;
    if (route === "runs") return Response.json(answers.runs);
    const index = answers.series.findIndex(({ tag }) => tag === params.get("tag"));
    const series = answers.series[index];
    if (!series) return refusal("This page does not hold that series.");
    if (route === "series") return Response.json(series);
    if (route === "samples") {
      const samples = answers.samples[index]?.[params.get("set") ?? ""];
      return samples ? Response.json(samples) : refusal("This page does not hold these samples.");
    }
    const array = (name: string, given: Record<string, unknown>) => {
      const line = bodies[[name, index, ...(parameters[name] ?? []).map((parameter) => given[parameter])].join("/")];
      return line === undefined ? null : log.body(line);
    };
    if (route === "overviews") return overviews(params, (step, sample) => array("overview", { step, sample }));
    if (route === "matrices") return matrices(series, params, (step, split) => array("matrix", { step, split }));
    if (route === "history") return history(series, params, (name, step, split) => array(name, { step, split }));
    if (route === "examples") return Response.json(noExamples(params.get("step") ?? ""));
    if (route === "rows")
      return meanRows(series, params, (step, sample, site) => array("weights", { step, sample, site }));
    const given = Object.fromEntries(params);
    const listed = Object.values(answers.samples[index] ?? {})[0]?.samples ?? [];
    if (route === "received") {
      const made = await received(series, listed, params, (step, sample, site) =>
        array("weights", { step, sample, site }),
      );
      return made ?? refusal("This page does not hold that step.");
    }
    if (params.has("samples")) {
      const made = await means(route, series, listed, params, (sample) => array(route, { ...given, sample }));
      return made ?? refusal("This page does not hold these samples.");
    }
    const found = array(route, given);
    return found ? new Response(found) : refusal("This page does not hold that part of the log.");
  };
}
