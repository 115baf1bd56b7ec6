/** Which of the listed runs, tags and attempts is shown when the user has not said, or what was chosen is gone. */
import type { Content, RunsAnswer, SeriesEntry } from "../api/wire";

/** TensorBoard's palette; the first has another tone in the dark theme. */
const PALETTE = ["#425066", "#12b5cb", "#e52592", "#f9ab00", "#9334e6", "#7cb342", "#e8710a"];
const FIRST_IN_DARK = "#8e98a3";

export function runColor(index: number, dark: boolean): string {
  const tone = index % PALETTE.length;
  return tone === 0 && dark ? FIRST_IN_DARK : PALETTE[tone]!;
}

export type RunEntry = RunsAnswer["runs"][number];

export function entriesOf(run: RunEntry | null, content: Content): SeriesEntry[] {
  return run?.series.filter((series) => series.content === content) ?? [];
}

/** Whether a place that could not be reached can be again: what could not be fetched from it is worth another try. */
export function isReachableAgain(before: RunsAnswer | null, now: RunsAnswer): boolean {
  const failing = now.unreachable.map(({ place }) => place);
  return before?.unreachable.some(({ place }) => !failing.includes(place)) ?? false;
}

/** The run to open at first: one that is training, else the one written last; null where nothing says it. */
export function openingRun({ runs }: RunsAnswer): string | null {
  const trains = (run: RunEntry) => run.series.some(({ status }) => status?.state === "running");
  const written = (run: RunEntry) => Math.max(0, ...run.series.map((series) => series.written ?? 0));
  const [first] = runs
    .filter((run) => written(run) > 0)
    .sort((a, b) => Number(trains(b)) - Number(trains(a)) || written(b) - written(a));
  return first?.run ?? null;
}

/** The run chosen, else the one that was opened at first, else the first with maps, else the first with anything of ours. */
export function focusRun(answer: RunsAnswer | null, chosen: string | null, opened: string | null): RunEntry | null {
  const runs = answer?.runs ?? [];
  return (
    runs.find((run) => run.run === chosen && run.series.length > 0) ??
    runs.find((run) => run.run === opened && run.series.length > 0) ??
    runs.find((run) => entriesOf(run, "attention").length > 0) ??
    runs.find((run) => run.series.length > 0) ??
    null
  );
}

/** The series with the tag chosen, else the one called as usual, else the first. */
export function pickSeries(entries: SeriesEntry[], chosen: string | null, usual: string): SeriesEntry | null {
  return (
    entries.find((entry) => entry.tag === chosen) ?? entries.find((entry) => entry.tag === usual) ?? entries[0] ?? null
  );
}

/**
 * The matrices that belong to the maps of a tag: those chosen, else those whose tag contains it ("gated confusion" goes
 * with "gated"; the shortest such tag), else those called as usual, else the first.
 */
export function pairedMatrices(entries: SeriesEntry[], maps: string | null, chosen: string | null): SeriesEntry | null {
  const named = maps === null ? [] : entries.filter((entry) => entry.tag.includes(maps));
  const [nearest] = named.sort((a, b) => a.tag.length - b.tag.length);
  return entries.find((entry) => entry.tag === chosen) ?? nearest ?? pickSeries(entries, null, "confusion");
}

export function newestAttempt(entry: SeriesEntry): number {
  return entry.attempts.at(-1) ?? 1;
}

/** A regular expression as the host has it: small and capital letters are the same; null while what is typed is none. */
export function expressionOf(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}

/** A filter; null while what is typed is no expression. */
export function runFilter(text: string): ((name: string) => boolean) | null {
  const expression = expressionOf(text);
  return expression && ((name) => expression.test(name));
}
