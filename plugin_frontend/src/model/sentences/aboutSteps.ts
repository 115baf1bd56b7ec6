/** Heads over the steps: which changed most, and when weights first were not a number. */
import type { Site } from "../../api/wire";
import { flatHead, headName, type HeadIndex } from "../heads";
import { measureTitle } from "../headValues";
import { weightText } from "../ranking";
import { plain, quiet, strong, type Part } from "./part";
import { shortStepName, type Slot } from "../timeline";

/** What is known of all heads at the slots of the timeline. */
export interface StepsFacts {
  sites: Site[];
  slots: Slot[];
  measure: string;
  total: number;
  /** `flat`: the index of the head in the order of the measures. */
  value: (slot: number, flat: number, name: string) => number;
  /** The standard deviation of a value over the samples that it is averaged over; NaN for one sample. */
  deviation?: (slot: number, flat: number, name: string) => number;
  /** How many heads have diverged at a slot. */
  divergedAt: (slot: number) => number;
  slotBefore: (slot: number) => number;
  /** The largest change of each head, the largest of all first. */
  changes: { head: HeadIndex; flat: number; slot: number }[];
}

/** The value under the pointer, and the one a step before. */
export function describeHeadAtSlot(facts: StepsFacts, { head, slot }: { head: HeadIndex; slot: number }): Part[] {
  const { sites, slots } = facts;
  const flat = flatHead(sites, head);
  const deviation = facts.deviation?.(slot, flat, facts.measure) ?? NaN;
  const before = slot > 0 ? facts.value(slot - 1, flat, facts.measure) : NaN;
  return [
    strong(headName(sites, head.site, head.head)),
    plain(` at ${slots[slot] ? shortStepName(slots[slot]) : ""}: ${measureTitle(facts.measure)} `),
    strong(weightText(facts.value(slot, flat, facts.measure))),
    ...(Number.isNaN(deviation) ? [] : [plain(` ± ${weightText(deviation)}`)]),
    ...(Number.isNaN(before) ? [] : [plain(`, one step before ${weightText(before)}`)]),
    quiet(" · click to open it"),
  ];
}

/** The head that changed most, and when weights first were not a number. */
export function describeEpochs(facts: StepsFacts): Part[] {
  const { slots } = facts;
  const first = slots.findIndex((_, slot) => facts.divergedAt(slot) > 0);
  const parts = describeChange(facts);
  if (first < 0) return parts;
  const count = facts.divergedAt(first);
  const which = count === 1 ? "the weights of 1 head are" : `the weights of ${count} heads are`;
  return [...parts, plain(` At ${shortStepName(slots[first]!)} ${which} `), strong("not a number"), plain(".")];
}

function describeChange(facts: StepsFacts): Part[] {
  const [most] = facts.changes;
  const slot = most && facts.slots[most.slot];
  if (!most || !slot) return [plain(`${facts.total} heads; their changes appear here with more steps.`)];
  const { flat, head } = most;
  const name = Number.isNaN(facts.value(most.slot, flat, "entropy")) ? "largest" : "entropy";
  const [then, now] = [facts.slotBefore(most.slot), most.slot].map((at) => weightText(facts.value(at, flat, name)));
  return [
    strong(headName(facts.sites, head.site, head.head)),
    plain(` changed most of ${facts.total} heads, at ${shortStepName(slot)}: ${measureTitle(name)} `),
    strong(`${then} → ${now}`),
    plain("."),
  ];
}
