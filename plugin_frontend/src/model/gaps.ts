/** What is missing between the steps of the timeline: epochs without a step, steps that were dropped or removed; and why. */
import type { SeriesAnswer, Status, Step } from "../api/wire";
import { absenceText, boundText, failureText } from "./sentences";
import type { Slot } from "./timeline";

/** `dropped`: could not be written. `thinned`: removed for the budget. `unlogged`: `update_freq` skipped it, or training began later. */
export type GapKind = "dropped" | "thinned" | "unlogged";

export interface Gap {
  /** The slot in front of which it lies; the number of slots for one behind the last. */
  before: number;
  kind: GapKind;
  /** A sentence. */
  text: string;
}

interface Dropped {
  step: number;
  reason: string;
}

/** The dropped steps of a status, which is a file that anything may have written. */
function droppedOf(status: Status | null): Dropped[] {
  if (!Array.isArray(status?.dropped)) return [];
  return status.dropped.flatMap(({ step, reason }: { step: Step; reason: string }) =>
    typeof step === "number" ? [{ step, reason: String(reason) }] : [],
  );
}

/** The difference that most neighbours have: with a step every ten epochs, nine without one are no gap. */
function usualApart(counts: number[]): number {
  const seen = new Map<number, number>();
  for (let i = 1; i < counts.length; i++) {
    const apart = counts[i]! - counts[i - 1]!;
    seen.set(apart, (seen.get(apart) ?? 0) + 1);
  }
  return [...seen].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 1;
}

function boundOf(status: Status | null): string | null {
  return status?.thinned ? boundText(Number(status.thinned.max_bytes)) : null;
}

/** `status`: the newest, which comes with every poll; null for that of the series. */
export function gapsOf(slots: Slot[], series: SeriesAnswer, status: Status | null): Gap[] {
  const current = status ?? series.status;
  const numbered = slots.flatMap((slot, index) => (slot.step === "init" ? [] : [{ step: slot.step, index }]));
  const steps = numbered.map(({ step }) => step);
  const numbering = {
    byEpoch: slots.every((slot) => slot.step === "init" || slot.epoch === slot.step),
    bound: boundOf(current),
  };
  const usual = usualApart(steps);
  const dropped = droppedOf(current).filter(({ step }) => !steps.includes(step));
  const gaps: Gap[] = [];
  const look = (before: number, first: number, last: number, absent: boolean) => {
    const failed = dropped.filter(({ step }) => step >= first && step <= last);
    if (failed.length) gaps.push({ before, kind: "dropped", text: failureText(numbering, failed) });
    else if (absent) {
      const kind = numbering.bound === null ? "unlogged" : "thinned";
      gaps.push({ before, kind, text: absenceText(numbering, first, last) });
    }
  };
  numbered.forEach(({ step, index }, i) => {
    const before = steps[i - 1];
    if (before !== undefined) look(index, before + 1, step - 1, step - before > usual);
    else if (step > 0) look(index, 0, step - 1, numbering.byEpoch && usual === 1);
  });
  if (steps.length) look(slots.length, steps.at(-1)! + 1, Infinity, false);
  return gaps;
}
