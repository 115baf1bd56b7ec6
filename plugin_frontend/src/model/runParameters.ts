/** Hyperparameters as the names of runs say them ("lr=0.1,bs=16,seed=0"), and groups of runs by one of them or by an expression. */
import { expressionOf } from "./runs";

export type Parameters = ReadonlyMap<string, string>;

/** A value ends at a separator, or at an underscore before another key: the underscores of "act=leaky_relu" and "batch_size=16" are kept. */
const PAIR = /_*([^=]+)=([^=]+?)(?:_+(?=[^=]+=)|$)/gy;

/** The parts of a name, between commas, semicolons, slashes and spaces. */
export function partsOf(name: string): string[] {
  return name.split(/[,;/\s]+/).filter(Boolean);
}

/** Every `key=value` of a name. Of two values of a key, the last. */
export function parametersOf(name: string): Parameters {
  const pairs = partsOf(name).flatMap((part) => [...part.matchAll(PAIR)]);
  return new Map(pairs.map(([, key, value]) => [key!, value!]));
}

/** The parameters that are not the same in all runs, in the order in which the names say them. */
export function differingParameters(runs: Parameters[]): string[] {
  const keys = new Set(runs.flatMap((parameters) => [...parameters.keys()]));
  return [...keys].filter((key) => new Set(runs.map((parameters) => parameters.get(key))).size > 1);
}

/** By what runs are grouped; null for by nothing. The address says "=lr" for a parameter and "/seed=(\d)" for an expression. */
export type Grouping = { parameter: string } | { expression: string } | null;

export function readGrouping(text: string | null): Grouping {
  if (text?.startsWith("=")) return { parameter: text.slice(1) };
  return text?.startsWith("/") ? { expression: text.slice(1) } : null;
}

export interface NamedRun {
  run: { run: string };
  parameters: Parameters;
}

export interface RunGroup<Run> {
  /** "lr=0.1", or what the expression found; null for the runs in which it finds nothing. */
  name: string | null;
  runs: Run[];
}

/** Groups in the order of their first runs, what is in none at the end. Null where nothing groups: also by a wrong expression. */
export function groupRuns<Run extends NamedRun>(runs: Run[], grouping: Grouping): RunGroup<Run>[] | null {
  const nameOf = grouping && namer(grouping);
  if (!nameOf) return null;
  const groups = new Map<string | null, Run[]>();
  for (const run of runs) {
    const name = nameOf(run) || null;
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return [...groups]
    .map(([name, members]) => ({ name, runs: members }))
    .sort((a, b) => Number(a.name === null) - Number(b.name === null));
}

/** Whether an expression can be read as one. */
export function isExpression(text: string): boolean {
  return expressionOf(text) !== null;
}

function namer(grouping: NonNullable<Grouping>): ((run: NamedRun) => string | undefined) | null {
  if ("parameter" in grouping) {
    const { parameter } = grouping;
    return ({ parameters }) => (parameters.has(parameter) ? `${parameter}=${parameters.get(parameter)}` : undefined);
  }
  const expression = grouping.expression ? expressionOf(grouping.expression) : null;
  if (!expression) return null;
  return ({ run }) => {
    const found = expression.exec(run.run);
    return found?.[1] ?? found?.[0];
  };
}
