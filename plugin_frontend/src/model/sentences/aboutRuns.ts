/** One head in several runs: where it is most and least focused, or what each run gives one cell. */
import type { Positions } from "../positions";
import { weightText } from "../ranking";
import { chosen, plain, quiet, strong, type Part } from "./part";

export interface RunValue {
  run: string;
  /** "epoch 3". */
  step: string;
  value: number;
}

/** `entropies`: of the runs whose map is on the screen. `named`: how many runs are chosen. */
export function describeRuns(head: string, entropies: RunValue[], named: number, of: number): Part[] {
  const known = entropies.filter(({ value }) => !Number.isNaN(value)).sort((a, b) => a.value - b.value);
  const [first, last] = [known[0], known.at(-1)];
  if (named < 2)
    return [
      strong(head),
      plain(first ? ` has an entropy of ${weightText(first.value)} bits at ${first.step} in ` : " in "),
      chosen(entropies[0]?.run ?? "the run in focus"),
      quiet(`, the only chosen run of ${of}: tick others to compare them.`),
    ];
  if (!first || !last)
    return [plain("None of the "), strong(`${named} chosen runs`), plain(" shows "), strong(head), plain(".")];
  if (first === last)
    return [strong(head), plain(" is visible only in "), chosen(first.run), plain(` of the ${named} chosen runs.`)];
  return [
    strong(head),
    plain(" is most focused in "),
    chosen(first.run),
    plain(` (entropy ${weightText(first.value)} bits at ${first.step}) and least in `),
    chosen(last.run),
    plain(` (${weightText(last.value)} at ${last.step}), of ${known.length} runs.`),
  ];
}

/** The weight of the cell under the pointer in every run. `from`, `to`: the query and the key in words. */
export function describeRunWeights(from: string | null, to: string, weights: RunValue[]): Part[] {
  const most = 6;
  const sorted = [...weights].sort((a, b) => b.value - a.value);
  const [first, ...others] = sorted;
  if (!first) return [];
  return [
    ...(from === null ? [] : [chosen(from), plain(" looks at ")]),
    strong(to),
    plain(`: most in ${first.run}, `),
    strong(weightText(first.value)),
    plain(
      others.length
        ? `; ${others
            .slice(0, most)
            .map(({ run, value }) => `${run} ${weightText(value)}`)
            .join(", ")}`
        : "",
    ),
    quiet(others.length > most ? ` and ${others.length - most} more` : ""),
  ];
}

export interface PanelCell {
  row: number;
  column: number;
  rows: number;
  columns: number;
}

/** The name of the only position of a cell, or "“the” (word 16) to “end” (word 31)" where it was pooled from several. */
export function cellName(positions: Positions, index: number, cells: number): string {
  const first = Math.floor((index * positions.size) / cells);
  const last = Math.max(first, Math.ceil(((index + 1) * positions.size) / cells) - 1);
  return first === last ? positions.name(first) : `${positions.name(first)} to ${positions.name(last)}`;
}
