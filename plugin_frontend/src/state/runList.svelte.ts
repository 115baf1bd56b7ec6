/** The list of runs: filter, order, and which are chosen. Of a run that is not chosen nothing is fetched. */
import { runColor } from "../model/runs";
import { arrangeRuns, bestRuns, commonMonitor, isHigherBetter, listRuns, type RunOrder } from "../model/arrangeRuns";
import { differingParameters, groupRuns, readGrouping } from "../model/runParameters";
import type { Selection } from "./selection.svelte";

/** So many runs are all chosen at first. */
const FEW = 8;

export class RunList {
  text = $state.raw("");
  order = $state.raw<RunOrder>("name");

  readonly all = $derived.by(() => listRuns(this.focus.server.runs?.runs ?? []));
  readonly monitor = $derived.by(() => commonMonitor(this.all));
  /** Whether the highest value of that metric is the best. */
  readonly higher = $derived.by(() => this.monitor !== null && isHigherBetter(this.all, this.monitor));
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

  constructor(readonly focus: Selection) {}

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
