/** Steps as slots of the timeline: those that can be read and those that are damaged, in order, `init` first. */
import { higherIsBetter } from "./metricDirection";
import { toNumber, type SeriesAnswer, type Step, type StepRecord } from "../api/wire";

export interface Slot {
  step: Step;
  /** From 0, as Keras counts; of a damaged step it is known where steps are epochs. */
  epoch: number | null;
  /** null where the step's file is damaged. */
  record: StepRecord | null;
  damaged: string | null;
}

const order = (step: Step) => (step === "init" ? -1 : step);

export function slotsOf(series: SeriesAnswer): Slot[] {
  const slots: Slot[] = series.steps.map((record) => ({
    step: record.step,
    epoch: record.epoch,
    record,
    damaged: null,
  }));
  const byEpoch = slots.every((slot) => slot.step === "init" || slot.epoch === slot.step);
  for (const { step, reason } of series.damaged) {
    if (step === null || step === undefined) continue;
    slots.push({ step, epoch: byEpoch && step !== "init" ? step : null, record: null, damaged: reason });
  }
  return slots.sort((a, b) => order(a.step) - order(b.step));
}

/** The index of the slot to show: the one chosen, or the last before it, or (null: following) the newest that can be read. */
export function slotAt(slots: Slot[], step: Step | null): number {
  if (step !== null) {
    const last = slots.findLastIndex((slot) => order(slot.step) <= order(step));
    return Math.max(0, last);
  }
  const readable = slots.findLastIndex((slot) => slot.record !== null);
  return readable >= 0 ? readable : slots.length - 1;
}

type Counted = "epoch" | "batch" | "step";

/** What the number of a step counts, from its epoch and the batches seen before it. */
function counted(step: Step, epoch: number | null, batch: number | null): Counted {
  if (step === "init" || step === epoch) return "epoch";
  return batch === step ? "batch" : "step";
}

function countedBy({ step, epoch, record }: Slot): Counted {
  return counted(step, epoch, record?.batch ?? null);
}

/** What the steps of the timeline count. */
export function countedOf(slots: Slot[]): Counted {
  const last = slots.at(-1);
  return last ? countedBy(last) : "epoch";
}

/** "epoch 4 (step 3)", the epoch as Keras prints it, from 1; "batch 120 (epoch 3)" where steps are batches. */
export function stepName(slot: Slot): string {
  if (slot.step === "init") return "before training (init)";
  if (countedBy(slot) === "epoch") return `${shortStepName(slot)} (step ${slot.step})`;
  return slot.epoch === null ? shortStepName(slot) : `${shortStepName(slot)} (epoch ${slot.epoch + 1})`;
}

/** "epoch 4", "batch 120": the one short name of a step. */
export function shortStepName({ step, epoch, record }: Slot): string {
  return nameOfStep(step, epoch, record?.batch ?? null);
}

/** The same of a step that is known by its numbers alone. */
export function nameOfStep(step: Step, epoch: number | null, batch: number | null = null): string {
  if (step === "init") return "init";
  const by = counted(step, epoch, batch);
  return `${by} ${by === "epoch" ? step + 1 : step}`;
}

export function metric(slot: Slot | undefined, name: string | null): number {
  return name === null ? NaN : toNumber(slot?.record?.logs[name]);
}

/** A metric to three digits behind the point, tiny ones with their exponent. */
export function metricText(value: number): string {
  if (Number.isNaN(value)) return "–";
  return Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : value.toFixed(3);
}

/** Whether a metric was logged and is not a number. */
export function isLoggedNaN(slot: Slot | undefined, name: string | null): boolean {
  return name !== null && slot?.record?.logs[name] != null && Number.isNaN(metric(slot, name));
}

/** A metric of a step, "NaN" where that was logged, "–" where nothing was. */
export function loggedText(slot: Slot | undefined, name: string | null): string {
  return isLoggedNaN(slot, name) ? "NaN" : metricText(metric(slot, name));
}

export interface MetricNames {
  loss: string | null;
  valLoss: string | null;
  accuracy: string | null;
  valAccuracy: string | null;
}

/** Which of the logged metrics are drawn: the loss, and the first accuracy, each in training and validation. */
export function metricNames(slots: Slot[]): MetricNames {
  const names = new Set(slots.flatMap((slot) => Object.keys(slot.record?.logs ?? {})));
  const all = [...names];
  const accuracy = all.find((name) => !name.startsWith("val_") && /acc/i.test(name)) ?? null;
  const alone = accuracy ? null : (all.find((name) => name.startsWith("val_") && /acc/i.test(name)) ?? null);
  const has = (name: string) => (names.has(name) ? name : null);
  return {
    loss: has("loss"),
    valLoss: has("val_loss"),
    accuracy,
    valAccuracy: accuracy ? has(`val_${accuracy}`) : alone,
  };
}

/** The best step, and what makes it the best. */
export interface BestStep {
  /** Of its slot; -1 where that is gone. */
  index: number;
  metric: string;
  /** Whether the highest value is the best, not the lowest. */
  higher: boolean;
  value: number;
}

/** What the callback says, else the smallest validation loss, else the smallest loss; null without any. */
export function bestStep(slots: Slot[], series: SeriesAnswer, names: MetricNames): BestStep | null {
  const trained = slots.map((slot, index) => ({ slot, index })).filter(({ slot }) => slot.step !== "init");
  const said = series.status?.best;
  if (said) {
    const index = slots.findIndex((slot) => slot.step === said.step);
    const value = said.value == null ? metric(slots[index], said.monitor) : toNumber(said.value);
    const logged = trained.map(({ slot }) => metric(slot, said.monitor)).filter(Number.isFinite);
    const [low, high] = [Math.min(...logged), Math.max(...logged)];
    // Logs of earlier versions do not say which way the callback compares; the values do.
    const guessed = high > low ? Math.abs(value - high) < Math.abs(value - low) : higherIsBetter(said.monitor);
    return { index, metric: said.monitor, higher: said.mode ? said.mode === "max" : guessed, value };
  }
  const name = names.valLoss ?? names.loss;
  let best: BestStep | null = null;
  for (const { slot, index } of trained) {
    const value = metric(slot, name);
    if (name !== null && value === value && (!best || value < best.value))
      best = { index, metric: name, higher: false, value };
  }
  return best;
}

/** "by val_accuracy, highest" */
export function bestByText({ metric, higher }: Pick<BestStep, "metric" | "higher">): string {
  return `by ${metric}, ${higher ? "highest" : "lowest"}`;
}

/** The index of the best step; -1 without any. */
export function bestSlot(slots: Slot[], series: SeriesAnswer, names: MetricNames): number {
  return bestStep(slots, series, names)?.index ?? -1;
}

/** The slot of another series of the same run that belongs to `slot`: the same epoch, and there the nearest batch. */
export function joinedSlot(slots: Slot[], to: Slot): number {
  return joinerOf(slots)(to);
}

/** The same for many slots: the others are read once. */
export function joinerOf(slots: Slot[]): (to: Slot) => number {
  const byEpoch = new Map<number, number[]>();
  const byStep = new Map<Step, number>();
  slots.forEach(({ step, record }, i) => {
    if (step !== "init" && !record) return;
    byStep.set(step, i);
    if (step === "init" || record?.epoch == null) return;
    const same = byEpoch.get(record.epoch);
    if (same) same.push(i);
    else byEpoch.set(record.epoch, [i]);
  });
  return (to) => {
    const alike = byStep.get(to.step);
    const epoch = to.record?.epoch ?? null;
    // Where one of the two has no epoch, the steps have to be the same.
    if (to.step === "init" || epoch === null) return alike ?? -1;
    const candidates = [...(byEpoch.get(epoch) ?? [])];
    if (alike !== undefined && slots[alike]!.record?.epoch == null) candidates.push(alike);
    const batch = to.record?.batch ?? null;
    const apart = (i: number) => {
      const other = slots[i]!.record?.batch ?? null;
      return batch !== null && other !== null ? Math.abs(other - batch) : 0;
    };
    return candidates.sort((a, b) => apart(a) - apart(b) || a - b)[0] ?? -1;
  };
}

/** The slot of other steps, of the same run or of another, that stands for one: the same step, the same epoch, or the last before. */
export function counterpart(slots: Slot[], of: Slot): number {
  const same = slots.findIndex(({ step }) => step === of.step);
  const joined = same >= 0 ? same : joinedSlot(slots, of);
  return joined >= 0 ? joined : slotAt(slots, of.step);
}
