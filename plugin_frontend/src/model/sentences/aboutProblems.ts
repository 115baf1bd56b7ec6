/** Why something cannot be shown, or compared. */
import type { Site, Unreachable } from "../../api/wire";
import type { Obstacle } from "../averages";
import { countText, kindWords } from "../kindWords";
import { stepName, type Slot } from "../timeline";

/** Why a map or a matrix of another run or step cannot stand beside the one on the screen. */
export type Obstruction =
  | { why: "nothing logged" }
  | { why: "no readable step" }
  | { why: "no layer"; path: string; run?: string }
  | { why: "fewer heads"; path: string; site: Site; heads: number }
  | { why: "other sizes" }
  | { why: "other positions" }
  | { why: "other samples"; obstacle: Obstacle }
  | { why: "no such sample"; run?: string }
  | { why: "no other matrices" }
  | { why: "one split" }
  | { why: "no earlier step" }
  | { why: "other classes"; side: string; classes: number; own: number };

/** Why the maps of two samples cannot be compared weight by weight. */
const OBSTACLES: Record<Obstacle, string> = {
  "no sample": "There is no sample to compare with.",
  "other words": "The two samples have different words, so a position is another word in each.",
  "unknown words":
    "The log does not have the words of the two samples, so nobody knows whether a position is the same in both.",
  "other graphs": "The edges of the two samples differ, so a node is not the same in both.",
  "other boxes": "The boxes of the two samples differ, so an object is not the same in both.",
  "other names": "The names of the positions differ between the two samples.",
  "other sizes": "The two samples differ in size, so a position is not the same in both.",
};

/** With the run where several are on the screen; without it under the name of the run. */
export function obstructionText(what: Obstruction): string {
  switch (what.why) {
    case "nothing logged":
      return "No maps were logged here.";
    case "no readable step":
      return "No step can be read.";
    case "no layer":
      return what.run === undefined
        ? `Has no layer ${what.path} at this step.`
        : `${what.run} has no layer ${what.path} at that step.`;
    case "fewer heads": {
      const { part } = kindWords(what.site);
      return `Layer ${what.path} has ${countText(what.heads, { one: part, many: `${part}s` })} here.`;
    }
    case "other sizes":
      return "The two maps have different sizes.";
    case "other positions":
      return "The positions of the two layers are not the same, so their maps cannot be compared weight by weight.";
    case "other samples":
      return OBSTACLES[what.obstacle];
    case "no such sample":
      return what.run === undefined ? "Does not track this sample." : `${what.run} does not track this sample.`;
    case "no other matrices":
      return "No other run has matrices.";
    case "one split":
      return "This step has one split only.";
    case "no earlier step":
      return "There is no earlier step: choose another one.";
    case "other classes":
      return `${what.side} has ${what.classes} classes, this one ${what.own}.`;
  }
}

/** "epoch 9 (step 8) cannot be read: …", of a series where there are several. */
export function damagedText(slot: Slot, series?: string): string {
  return `${stepName(slot)}${series === undefined ? "" : ` of ${series}`} cannot be read: ${slot.damaged ?? "unknown"}`;
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** "s3://bucket cannot be reached (…). Since 14:03; the tab goes on with what it has, and asks again." With the day, if that is not today. */
export function unreachableText({ since, reason }: Unreachable, now: Date): string {
  const then = new Date(1000 * since);
  const day: Intl.DateTimeFormatOptions =
    then.toDateString() === now.toDateString() ? {} : { day: "numeric", month: "short" };
  const time = then.toLocaleString("en-GB", { ...day, ...CLOCK });
  return `${reason} Since ${time}; the tab goes on with what it has, and asks again.`;
}
