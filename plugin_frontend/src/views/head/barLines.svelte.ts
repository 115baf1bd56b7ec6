/** What is drawn below the bars of a head, over the same columns: its values over steps, and the mean of each class. */
import { labelName } from "../../model/samples";
import { classMeanName } from "../../model/sentences";
import { thinned, type Thinned } from "../../model/thinned";
import { linesOverSteps, type Line } from "./lines";
import type { ShownHead } from "./shownHead.svelte";

const MOST_LINES = 55;

export class BarLines {
  readonly hasSteps = $derived.by(() => this.look.hasSteps);
  readonly steps: Thinned<Line> = $derived.by(() => {
    const { store, site, head } = this.look;
    const answer = store.data.rows.steps.value;
    const own = this.hasSteps && answer && answer.site === site?.path ? answer.steps : [];
    const values = own.map((heads) => heads[head] ?? new Float32Array(0));
    return thinned(linesOverSteps(store, values), MOST_LINES, (line) => line.shown);
  });
  readonly classes: Line[] = $derived.by(() => {
    const { look } = this;
    const { store, shown } = look;
    const means = store.data.classMeans.shown.value ?? [];
    return means.flatMap((mean) => {
      const sample = store.samples[mean.sample];
      if (!sample || mean.siteIndex !== shown?.siteIndex) return [];
      const { values: options } = store.choices.options;
      const label = labelName(sample, store.classNames) ?? "";
      return [
        {
          name: classMeanName(label, mean.count),
          short: label,
          values: look.mapIn(mean).weights,
          shown: options.average === "label" && look.sample?.label?.class === sample.label?.class,
          open: () => {
            store.choices.sample = sample.id;
            options.average = "label";
          },
        },
      ];
    });
  });
  /** Whether what is drawn is still of another step or sample. */
  readonly oldSteps = $derived.by(() => this.look.store.data.rows.steps.pending);
  readonly oldClasses = $derived.by(() => {
    const [first] = this.look.store.data.classMeans.shown.value ?? [];
    return first !== undefined && first.slot.step !== this.look.shown?.slot.step;
  });

  constructor(readonly look: ShownHead) {}

  /** Asks for what is drawn; to be called in an effect. */
  want(): void {
    const { data } = this.look.store;
    if (this.hasSteps) data.rows.wantSteps([0]);
    data.classMeans.want();
  }
}
