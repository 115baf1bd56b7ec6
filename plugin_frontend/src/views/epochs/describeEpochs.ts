/** The sentence of the Epochs view. */
import { flatHead, headName } from "../../model/heads";
import { measureTitle } from "../../model/headValues";
import { weightText } from "../../model/ranking";
import { plain, quiet, strong, type Part } from "../../model/sentence";
import { shortStepName } from "../../model/timeline";
import type { HeadAtSlot, HeadsOverSteps } from "./headsOverSteps.svelte";

/** The value under the pointer, and the one a step before. */
export function describeHeadAtSlot(heads: HeadsOverSteps, { head, slot }: HeadAtSlot): Part[] {
  const { sites, slots } = heads.store;
  const flat = flatHead(sites, head);
  const before = slot > 0 ? heads.value(slot - 1, flat, heads.measure) : NaN;
  return [
    strong(headName(sites, head.site, head.head)),
    plain(` at ${slots[slot] ? shortStepName(slots[slot]) : ""}: ${measureTitle(heads.measure)} `),
    strong(weightText(heads.value(slot, flat, heads.measure))),
    ...(Number.isNaN(before) ? [] : [plain(`, one step before ${weightText(before)}`)]),
    quiet(" · click to open it"),
  ];
}

/** The head that changed most, and when weights first were not a number. */
export function describeEpochs(heads: HeadsOverSteps): Part[] {
  const { slots } = heads.store;
  const first = slots.findIndex((_, slot) => heads.divergedAt(slot) > 0);
  const parts = describeChange(heads);
  if (first < 0) return parts;
  const count = heads.divergedAt(first);
  const which = count === 1 ? "the weights of 1 head are" : `the weights of ${count} heads are`;
  return [...parts, plain(` At ${shortStepName(slots[first]!)} ${which} `), strong("not a number"), plain(".")];
}

function describeChange(heads: HeadsOverSteps): Part[] {
  const [most] = heads.changes;
  const slot = most && heads.store.slots[most.slot];
  if (!most || !slot) return [plain(`${heads.total} heads; their changes appear here with more steps.`)];
  const { flat, head } = most;
  const name = Number.isNaN(heads.value(most.slot, flat, "entropy")) ? "largest" : "entropy";
  const [then, now] = [heads.slotBefore(most.slot), most.slot].map((at) => weightText(heads.value(at, flat, name)));
  return [
    strong(headName(heads.store.sites, head.site, head.head)),
    plain(` changed most of ${heads.total} heads, at ${shortStepName(slot)}: ${measureTitle(name)} `),
    strong(`${then} → ${now}`),
    plain("."),
  ];
}
