/** The runs as a list to choose from: filtered by name, in order of names or of what they reached. */
import { toNumber, type SeriesEntry } from "../api/wire";
import { higherIsBetter } from "./metricDirection";
import { naturalOrder } from "./naturalOrder";
import { parametersOf, partsOf, type Parameters } from "./runParameters";
import { entriesOf, runFilter, type RunEntry } from "./runs";
import { nameOfStep } from "./timeline";

export interface BestMetric {
  monitor: string;
  value: number;
  /** Whether the highest value is the best. */
  higher: boolean;
  /** "epoch 15". */
  at: string;
  /** All metrics of that step; none in logs of earlier versions. */
  metrics: ReadonlyMap<string, number>;
}

export interface ListedRun {
  run: RunEntry;
  /** Its name without the directories that all runs share. */
  name: string;
  /** Its index among all runs, which its colour follows. */
  index: number;
  best: BestMetric | null;
  /** What the name says of hyperparameters. */
  parameters: Parameters;
}

/** By the name, by the best metric, by a parameter, or by another metric of the best step. */
export type RunOrder = "name" | "best" | { parameter: string } | { metric: string };

/** So many columns of further metrics at most. */
const MOST_METRICS = 4;

/** What the list of runs itself says of the best step: a run need not be opened for it. */
export function bestOf(entries: SeriesEntry[]): BestMetric | null {
  for (const { status } of entries) {
    const { step, monitor, value, mode, epoch, batch, metrics } = status?.best ?? {};
    if (step === undefined || typeof monitor !== "string" || typeof value !== "number") continue;
    // Logs of earlier versions say neither; where a training has epochs, its steps are epochs.
    const counted = epoch ?? (status?.epochs != null && step !== "init" ? step : null);
    return {
      monitor,
      value,
      higher: mode ? mode === "max" : higherIsBetter(monitor),
      at: nameOfStep(step, counted, batch),
      metrics: new Map(Object.entries(metrics ?? {}).map(([name, number]) => [name, toNumber(number)])),
    };
  }
  return null;
}

/** What bars of values span: all values, and zero. */
export interface BarScale {
  low: number;
  high: number;
}

export function barScale(values: number[]): BarScale {
  return { low: Math.min(0, ...values), high: Math.max(0, ...values) };
}

/** Where a bar begins and how long it is, as shares of the scale: from zero to the value. */
export function barOf({ low, high }: BarScale, value: number): { from: number; length: number } {
  const span = high - low || 1;
  return { from: (Math.min(0, value) - low) / span, length: Math.abs(value) / span };
}

/** The metric by which most runs say what their best step is; null where none says. */
export function commonMonitor(runs: ListedRun[]): string | null {
  const counts = new Map<string, number>();
  for (const { best } of runs) if (best) counts.set(best.monitor, (counts.get(best.monitor) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** The metrics besides the monitored one that differ among the best steps of runs: those of validation first, then as they were logged. */
export function furtherMetrics(runs: ListedRun[], monitor: string | null): string[] {
  const having = runs.flatMap(({ best }) => (best && best.monitor === monitor ? [best.metrics] : []));
  const names = [...new Set(having.flatMap((metrics) => [...metrics.keys()]))].filter((name) => name !== monitor);
  const valuesOf = (name: string) => having.flatMap((metrics) => metrics.get(name) ?? []);
  const differing = names.filter((name) => having.length === 1 || new Set(valuesOf(name)).size > 1);
  const isTraining = (name: string) => Number(!name.startsWith("val_"));
  return differing.sort((a, b) => isTraining(a) - isTraining(b)).slice(0, MOST_METRICS);
}

/** Whether the highest value of a metric is the best: as the first run says that has it. */
export function isHigherBetter(listed: ListedRun[], monitor: string): boolean {
  return listed.find(({ best }) => best?.monitor === monitor)?.best?.higher ?? higherIsBetter(monitor);
}

/** All runs, with what each reached. */
export function listRuns(runs: RunEntry[]): ListedRun[] {
  const names = shortNames(runs.map(({ run }) => run));
  return runs.map((run, index) => ({
    run,
    name: names[index]!,
    index,
    best: bestOf([...entriesOf(run, "attention"), ...run.series]),
    parameters: parametersOf(run.run),
  }));
}

/** Names of runs without the directories in front that all of them share: the part that differs often comes last, and lists are narrow. */
export function shortNames(names: string[]): string[] {
  const paths = names.map((name) => name.split("/"));
  const shortest = Math.min(...paths.map((parts) => parts.length));
  let shared = 0;
  while (names.length > 1 && shared < shortest - 1 && paths.every((parts) => parts[shared] === paths[0]![shared]))
    shared++;
  return paths.map((parts) => parts.slice(shared).join("/"));
}

/** Of each name the parts that not all have: "lr=0.1 seed=2" of "lr=0.1,bs=16,seed=2". A name without such parts stays whole. */
export function whatDiffers(names: string[]): string[] {
  const parts = names.map(partsOf);
  const isShared = (part: string) => names.length > 1 && parts.every((all) => all.includes(part));
  return parts.map((all, i) => all.filter((part) => !isShared(part)).join(" ") || names[i]!);
}

/** The best of these runs by a metric; null where none has it. */
export function bestRun(listed: ListedRun[], monitor: string | null, higher: boolean): ListedRun | null {
  const sign = higher ? -1 : 1;
  const having = listed.filter(({ best }) => best?.monitor === monitor);
  return having.sort((a, b) => sign * (a.best!.value - b.best!.value) || a.index - b.index)[0] ?? null;
}

/** The `count` best runs by the metric that most runs have, among those that pass the filter. */
export function bestRuns(listed: ListedRun[], filter: string, count: number): ListedRun[] {
  const monitor = commonMonitor(listed);
  return arrangeRuns(listed, filter, "best")
    .filter(({ run, best }) => best && best.monitor === monitor && run.series.length > 0)
    .slice(0, count);
}

/** Those whose names pass the filter, in order. What has another best metric, none, or no such parameter comes last. */
export function arrangeRuns(listed: ListedRun[], filter: string, order: RunOrder): ListedRun[] {
  const passes = runFilter(filter);
  const shown = listed.filter(({ run }) => passes?.(run.run) ?? true);
  if (typeof order === "object" && "parameter" in order) {
    const value = ({ parameters }: ListedRun) => parameters.get(order.parameter);
    return shown.sort((a, b) => compare(value(a), value(b), naturalOrder) || a.index - b.index);
  }
  const monitor = commonMonitor(listed);
  if (order === "name" || monitor === null) return shown;
  const metric = order === "best" ? monitor : order.metric;
  const sign = (order === "best" ? isHigherBetter(listed, monitor) : higherIsBetter(metric)) ? -1 : 1;
  const value = ({ best }: ListedRun) => {
    const number = best?.monitor !== monitor ? NaN : order === "best" ? best.value : (best.metrics.get(metric) ?? NaN);
    return Number.isNaN(number) ? undefined : sign * number;
  };
  return shown.sort((a, b) => compare(value(a), value(b), (x, y) => x - y) || a.index - b.index);
}

/** An order in which what is not there comes last. */
function compare<Value>(a: Value | undefined, b: Value | undefined, order: (a: Value, b: Value) => number): number {
  return a === undefined || b === undefined ? Number(a === undefined) - Number(b === undefined) : order(a, b);
}
