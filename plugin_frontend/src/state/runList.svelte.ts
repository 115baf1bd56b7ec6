/** The list of runs: filter, order, and which are chosen. Of a run that is not chosen nothing is fetched. */
import { runColor } from "../model/runs";
import {
  arrangeRuns,
  bestRuns,
  commonMonitor,
  furtherMetrics,
  isHigherBetter,
  listRuns,
  type RunOrder,
} from "../model/arrangeRuns";
import { differingParameters, groupRuns, readGrouping } from "../model/runParameters";
import { foldedRunsText, readFoldedRuns, readRunOrder, runOrderText } from "../model/runsInLink";
import type { Selection } from "./selection.svelte";

/** So many runs are all chosen at first. */
const FEW = 8;
const USUAL_BEST = 4;

export class RunList {
  text = $state.raw("");
  readonly order: RunOrder = $derived.by(() => readRunOrder(this.focus.choices.orderRuns));

  readonly all = $derived.by(() => listRuns(this.focus.server.runs?.runs ?? []));
  readonly monitor = $derived.by(() => commonMonitor(this.all));
  /** Whether the highest value of that metric is the best. */
  readonly higher = $derived.by(() => this.monitor !== null && isHigherBetter(this.all, this.monitor));
  /** Other metrics of the best steps. */
  readonly metrics = $derived.by(() => furtherMetrics(this.all, this.monitor));
  readonly parameters = $derived.by(() => differingParameters(this.all.map(({ parameters }) => parameters)));
  readonly shown = $derived.by(() => arrangeRuns(this.all, this.text, this.order));
  readonly grouping = $derived.by(() => readGrouping(this.focus.choices.groupRuns));
  /** Null where the list is not in groups. */
  readonly groups = $derived.by(() => groupRuns(this.shown, this.grouping));
  /** Those that were chosen; at first all, where they are few. */
  readonly listed: string[] = $derived.by(() => {
    const logged = this.all.filter(({ run }) => run.series.length > 0).map(({ run }) => run.run);
    return this.focus.choices.runs ?? (logged.length <= FEW ? logged : []);
  });
  /** The chosen ones, the one in focus among them, in the order of the list. */
  readonly chosen: string[] = $derived.by(() =>
    arrangeRuns(this.all, "", this.order)
      .map(({ run }) => run.run)
      .filter((run) => this.isChosen(run)),
  );

  /** The names of the groups that are folded; null is that of the runs in no group. */
  readonly folded: ReadonlySet<string | null> = $derived.by(() => readFoldedRuns(this.focus.choices.foldedRuns));
  /** So many are chosen by "choose best". */
  readonly bestCount = $derived.by(() => this.focus.choices.bestRuns ?? USUAL_BEST);

  constructor(readonly focus: Selection) {}

  orderBy(order: RunOrder): void {
    this.focus.choices.orderRuns = runOrderText(order);
  }

  /** By what the list is grouped, as `readGrouping` reads it; null for by nothing. Other groups are all open. */
  groupBy(text: string | null): void {
    this.focus.choices.groupRuns = text;
    this.focus.choices.foldedRuns = null;
  }

  /** Folds a group, or opens it. */
  fold(name: string | null): void {
    const folded = new Set(this.folded);
    if (!folded.delete(name)) folded.add(name);
    this.focus.choices.foldedRuns = foldedRunsText(folded);
  }

  color(index: number): string {
    return runColor(index, this.focus.dark);
  }

  isFocus(run: string): boolean {
    return run === this.focus.run?.run;
  }

  /** The run in focus is always chosen. */
  isChosen(run: string): boolean {
    return this.isFocus(run) || this.listed.includes(run);
  }

  toggle(run: string): void {
    const { listed } = this;
    this.focus.choices.runs = listed.includes(run) ? listed.filter((other) => other !== run) : [...listed, run];
  }

  choose(run: string): void {
    if (!this.listed.includes(run)) this.focus.choices.runs = [...this.listed, run];
  }

  /** Chooses the best by the shown metric of those that pass the filter, and no others. */
  chooseBest(count: number): void {
    this.focus.choices.runs = bestRuns(this.all, this.text, count).map(({ run }) => run.run);
  }

  /** Chooses the first `count` of the list as it is filtered and ordered, and no others. */
  chooseFirst(count: number): void {
    this.focus.choices.runs = this.shown
      .filter(({ run }) => run.series.length > 0)
      .slice(0, count)
      .map(({ run }) => run.run);
  }
}
