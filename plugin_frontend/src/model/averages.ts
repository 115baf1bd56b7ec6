/** Averages over samples: which samples there are to average, and whether their positions mean the same. */
import type { Role, Sample, Site, StepRecord } from "../api/wire";
import { axesOf } from "./maps";
import { inputAlong } from "./positions";
import { verdict } from "./samples";

/** "one": no average; "label": of the same class as the sample chosen last; "right" and "wrong": at the step. */
export const AVERAGES = ["one", "all", "label", "right", "wrong"] as const;
export type Average = (typeof AVERAGES)[number];

/** Indices of the samples that have maps at a step and belong to an average, in order. */
export function averagedSamples(
  average: Average,
  samples: Sample[],
  chosen: Sample | null,
  record: StepRecord | null,
): number[] {
  const label = chosen?.label?.class;
  const there = samples.slice(0, record?.sample_count ?? 0);
  return there.flatMap((sample, index) => {
    const right = verdict(sample, record?.predictions?.[index]);
    const belongs = {
      one: sample.id === chosen?.id,
      all: true,
      label: label !== undefined && label !== null && sample.label?.class === label,
      right: right === true,
      wrong: right === false,
    };
    return belongs[average] ? [index] : [];
  });
}

/** Indices of the samples of each class that have maps at a step, by falling number of samples; samples without a class are in none. */
export function samplesByClass(samples: Sample[], record: StepRecord | null): number[][] {
  const classes = new Map<number, number[]>();
  samples.slice(0, record?.sample_count ?? 0).forEach(({ label }, index) => {
    const of = label?.class ?? null;
    if (of !== null) classes.set(of, [...(classes.get(of) ?? []), index]);
  });
  return [...classes].sort(([a, x], [b, y]) => y.length - x.length || a - b).map(([, indices]) => indices);
}

/** Why maps have no average over samples. */
export type Obstacle =
  "no sample" | "other words" | "unknown words" | "other sizes" | "other boxes" | "other graphs" | "other names";

const ROLES: Role[] = ["query", "key"];

/** Why the maps of a site have no average over some samples; null if a position means the same in all of them. */
export function obstacleOf(site: Site, samples: Sample[]): Obstacle | null {
  if (!samples.length) return "no sample";
  for (const role of ROLES) {
    const axes = axesOf(site, role);
    if (axes.some(({ own }) => own && differ(samples.map(({ index }) => own[index ?? -1])))) return "other sizes";
    const unlike = (facts: unknown[] | null | undefined) =>
      !!facts && facts.length > 1 && differ(samples.map(({ index }) => facts[index ?? -1]));
    if (axes.some(({ boxes, tracks }) => unlike(boxes) || unlike(tracks))) return "other boxes";
    if (axes.some(({ edges }) => unlike(edges))) return "other graphs";
    if (axes.some(({ own_names: names }) => unlike(names))) return "other names";
    const inputs = samples.map((sample) => inputAlong(site, role, sample));
    if (differ(inputs.map((input) => input?.boxes))) return "other boxes";
    if (differ(inputs.map((input) => input?.names))) return "other names";
    if (inputs.some((input) => input?.tokens)) {
      if (differ(inputs.map((input) => [input?.tokens, input?.mask]))) return "other words";
    } else if (samples.length > 1 && axes.some(({ kind }) => kind === "tokens")) return "unknown words";
  }
  return null;
}

/** What holds for the positions of an average, too: without the sound, the numbers and the dates of its first sample. */
export function ofAverage(site: Site, sample: Sample | null): { site: Site; sample: Sample | null } {
  const axes = site.axes.map(({ dates, ...axis }) => (dates?.length === 1 ? { ...axis, dates } : axis));
  const inputs = sample?.inputs.map(({ audio, values, dates, ...input }) => (void [audio, values, dates], input));
  return { site: { ...site, axes }, sample: sample && { ...sample, inputs: inputs ?? [] } };
}

function differ(values: unknown[]): boolean {
  const [first, ...others] = values.map((value) => JSON.stringify(value ?? null));
  return others.some((other) => other !== first);
}
