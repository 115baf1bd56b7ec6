/** Heads over the steps: which changed most, and when weights first were not a number. */
import type { Site } from "../../api/wire";
import { flatHead, type HeadIndex } from "../heads";
import { measureTitle, type MeasureName } from "../headValues";
import { countText, kindsText, kindWords } from "../kindWords";
import { weightText } from "../ranking";
import type { MeasuredKind } from "../headKinds";
import { kindMeaning } from "./headKinds";
import { shortStepName, type Slot } from "../timeline";
import { headPart } from "./aboutHeads";
import { courseText } from "./amounts";
import { plain, quiet, stepPart, strong, type Part } from "./part";

/** What is known of all heads at the slots of the timeline. */
export interface StepsFacts {
  sites: Site[];
  slots: Slot[];
  measure: MeasureName;
  total: number;
  /** `flat`: the index of the head in the order of the measures. */
  value: (slot: number, flat: number, name: string) => number;
  /** The standard deviation of a value over the samples that it is averaged over; NaN for one sample. */
  deviation?: (slot: number, flat: number, name: string) => number;
  /** The kind of a head at a slot, where kinds are what is shown. */
  kind?: (slot: number, flat: number) => MeasuredKind | null;
  /** How many heads have diverged at a slot. */
  divergedAt: (slot: number) => number;
  slotBefore: (slot: number) => number;
  /** The largest change of each head, the largest of all first. */
  changes: { head: HeadIndex; flat: number; slot: number }[];
}

function slotPart(slot: Slot | undefined): Part {
  return slot ? stepPart(shortStepName(slot), slot.step) : plain("");
}

/** The value under the pointer, and the one a step before. */
export function describeHeadAtSlot(facts: StepsFacts, { head, slot }: { head: HeadIndex; slot: number }): Part[] {
  const { sites, slots, measure } = facts;
  const flat = flatHead(sites, head);
  if (facts.kind) {
    const kind = facts.kind(slot, flat);
    return [
      headPart(sites, head),
      plain(" at "),
      slotPart(slots[slot]),
      plain(": "),
      kind ? strong(kindMeaning(kind)) : plain("no kind"),
      quiet(" · click to open it"),
    ];
  }
  const deviation = facts.deviation?.(slot, flat, measure) ?? NaN;
  const before = slot > 0 ? facts.value(slot - 1, flat, measure) : NaN;
  return [
    headPart(sites, head),
    plain(" at "),
    slotPart(slots[slot]),
    plain(`: ${measureTitle(measure, sites)} `),
    strong(weightText(facts.value(slot, flat, measure))),
    ...(Number.isNaN(deviation) ? [] : [plain(` ± ${weightText(deviation)}`)]),
    ...(Number.isNaN(before) ? [] : [plain(`, one step before ${weightText(before)}`)]),
    quiet(" · click to open it"),
  ];
}

/** The largest change of a head from one step to the next. */
export interface ChangeFacts {
  /** "epoch 7" */
  when: string;
  /** "entropy" */
  what: string;
  /** "from 2.81 to 2.16 bits" */
  course: string;
}

export function changeOfHead(
  facts: StepsFacts,
  { slot, flat, head }: { slot: number; flat: number; head: HeadIndex },
): ChangeFacts {
  const gate = Number.isNaN(facts.value(slot, flat, "entropy"));
  const name = gate ? "largest" : "entropy";
  return {
    when: facts.slots[slot] ? shortStepName(facts.slots[slot]) : "",
    what: gate ? `largest ${kindWords(facts.sites[head.site]).value}` : "entropy",
    course: courseText(
      facts.value(facts.slotBefore(slot), flat, name),
      facts.value(slot, flat, name),
      gate ? "" : " bits",
    ),
  };
}

/** The head that changed most, and when weights first were not a number. */
export function describeEpochs(facts: StepsFacts): Part[] {
  const { sites, slots } = facts;
  const first = slots.findIndex((_, slot) => facts.divergedAt(slot) > 0);
  const parts = describeChange(facts);
  if (first < 0) return parts;
  const count = facts.divergedAt(first);
  const of = count === 1 ? `1 ${kindsText(sites, 1)} are` : `${count} ${kindsText(sites)} are`;
  return [
    ...parts,
    plain(" At "),
    slotPart(slots[first]),
    plain(` the weights of ${of} `),
    strong("not a number"),
    plain("."),
  ];
}

function describeChange(facts: StepsFacts): Part[] {
  const { sites } = facts;
  const all =
    sites.length > 0 ? `${facts.total} ${kindsText(sites, facts.total)}` : countText(facts.total, kindWords(null));
  const [most] = facts.changes;
  const slot = most && facts.slots[most.slot];
  if (!most || !slot) return [plain(`${all}; changes appear here with more steps.`)];
  const { what, course } = changeOfHead(facts, most);
  return [
    headPart(sites, most.head),
    plain(` changed most of ${all}, at `),
    slotPart(slot),
    plain(`: ${what} `),
    strong(course),
    plain("."),
  ];
}
