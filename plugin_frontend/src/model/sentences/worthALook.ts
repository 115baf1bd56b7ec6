/** Why a head is worth a look: what happened, and the numbers that say so. */
import type { Site } from "../../api/wire";
import { measureTitle } from "../headValues";
import { kindsText } from "../kindWords";
import { weightText } from "../ranking";
import type { Reason } from "../worthALook";
import { kindName } from "./headKinds";

export interface ReasonText {
  title: string;
  evidence: string;
}

/** `stepName`: of a step by its index in the measures, as "epoch 4". `sites`: those among which it is worth a look. */
export function reasonText(reason: Reason, stepName: (step: number) => string, sites: Site[] = []): ReasonText {
  switch (reason.why) {
    case "not a number": {
      const heads = `${reason.count} ${kindsText(sites, reason.count)} ${reason.count === 1 ? "is" : "are"}`;
      return { title: "not a number", evidence: `first at ${stepName(reason.at)}; ${heads} not a number now` };
    }
    case "broad":
      return { title: "became broad", evidence: `${entropyText(reason.change, stepName)} of ${bitsText(reason.bits)}` };
    case "collapsed":
      return { title: "came to one key per query", evidence: entropyText(reason.change, stepName) };
    case "changed": {
      const { measure, before, then, at, now } = reason.change;
      const window = reason.steps === 1 ? "in the last step" : `in the last ${reason.steps} steps`;
      return {
        title: `changed most ${window}`,
        evidence: `${measureTitle(measure, sites)} ${weightText(then)} at ${stepName(before)}, ${weightText(now)} at ${stepName(at)}`,
      };
    }
    case "alone":
      return {
        title: `the only ${kindName(reason.kind)} head of ${reason.among}`,
        evidence: `${measureTitle(reason.measure)}: ${weightText(reason.value)}`,
      };
  }
}

type EntropyChange = Extract<Reason, { why: "broad" }>["change"];

const entropyText = ({ before, then, now }: EntropyChange, stepName: (step: number) => string) =>
  `entropy ${weightText(then)} bits at ${stepName(before)}, now ${weightText(now)}`;

const bitsText = (bits: number) => `${bits.toFixed(2)} at most`;
